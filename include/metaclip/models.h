/** Published models: which there are, getting them, and finding those that are here.
 *
 *  The table is compiled in. What it says of a file is what the model's authors say: its address in
 *  MetaCLIP's README and code, and its SHA-256 where they state one. */
#ifndef METACLIP_MODELS_H
#define METACLIP_MODELS_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A published file of weights. Texts are never NULL; empty means that there is none. */
typedef struct {
    const char *name;       /* the file's, without .pt: "b32_400m" */
    const char *model;      /* its configuration as MetaCLIP names it: "ViT-B-32-quickgelu" */
    const char *open_clip;  /* the same as OpenCLIP names it */
    const char *tags;       /* of `pretrained=`, MetaCLIP's and OpenCLIP's, between spaces */
    const char *repository; /* the same weights on Hugging Face: "facebook/metaclip-b32-400m" */
    const char *data;       /* the pairs it was trained on */
    unsigned image_size;    /* pixels a side */
    const char *activation; /* "quickgelu" or "gelu": mixing them up costs points, silently */
    const char *vocabulary; /* "clip", "xlm-v", "mt5" */
    const char *url;
    const char *sha256; /* as published: 64 hex digits */
    uint64_t bytes;     /* 0: not stated anywhere */
} mc_published_model;

/** All of them, *n in number. */
MC_API const mc_published_model *mc_models(size_t *n);

/** The one that `what` names: by its name, MODEL:TAG (either project's), the repository, or a tag
 *  that only one model has. NULL if there is none, with a sentence in err: also which ones a tag
 *  means that several have (MC_E_ARG). */
MC_API const mc_published_model *mc_models_named(const char *what, mc_error *err);

/** A model as one JSON object; *json is the caller's (mc_free). Errors: MC_E_NOMEM. */
MC_API mc_status mc_models_json(const mc_published_model *model, char **json, mc_error *err);

/** Where a model lies that was pulled into models_dir: *path, a file or a folder, is the caller's
 *  (mc_free); *model is its row of the table, or NULL for a repository that is not in it.
 *  Errors: MC_E_ARG (nothing is called so), MC_E_IO (it is not here; says how to get it). */
MC_API mc_status mc_models_find(const char *models_dir, const char *what, char **path,
                                const mc_published_model **model, mc_error *err);

/** What to get and where to. Zero-initialise it. */
typedef struct {
    /** A name of the table; OWNER/NAME, a repository of Hugging Face; or an address, http or https.
     */
    const char *what;
    const char *models_dir; /* it comes into a folder of its own in here; an address right here */
    const char *out_dir;    /* or exactly here; NULL: see above */
    const char *sha256;     /* of an address, or of the weights of a name; NULL */
    const char *revision;   /* of a repository; NULL: main */
    const char *mirror;     /* "http://host:port", asked in place of every host; NULL */
    uint64_t max_bytes;     /* of a file; 0: 1 TiB */
    unsigned n_retries;     /* in a row without getting on, until it gives up; 0: none at all */
    unsigned pause_ms;      /* before the first retry; doubles up to a minute. 0: 1000 */
    unsigned stall_s;       /* a connection that gives nothing for so long is broken; 0: 60 */
    mc_hooks hooks;         /* progress in bytes of a file, its name being the phase */
} mc_pull_job;

typedef struct {
    char *path;
    uint64_t bytes;
    uint64_t fetched; /* of these, in this call; 0 if it was there */
    char sha256[MC_SHA256_DIGITS + 1];
    const char *checked; /* whom the SHA-256 was compared with: "published", "given", "host" (what
                          * Hugging Face states), "earlier" (what came before), "" nobody */
} mc_pulled_file;

typedef struct {
    mc_pulled_file *files;
    size_t n_files;
    char *path; /* the model: its .pt, or its folder */
} mc_pulled;

/** Downloads a model, or goes on with a download that was broken off: as HTTP's ranges allow, and
 *  only if the file is still the same (its ETag or date), else from the start. Broken connections,
 *  status 408, 429 and 5xx are tried again. A file appears under its name only when it is whole and
 *  its SHA-256 is right; beside it NAME.meta.json says where it is from and what its SHA-256 is.
 *  What is there already is checked against that and not downloaded again.
 *
 *  Follows up to 10 redirects, from https to https only. Proxies are those of the environment that
 *  libcurl knows. libcurl is loaded when this is called.
 *  *pulled is written only on success (mc_pulled_release).
 *  Errors: MC_E_ARG (nothing is called so, an address of another kind), MC_E_BACKEND (no libcurl),
 *  MC_E_IO (network or disk: calling again goes on), MC_E_MISMATCH (the SHA-256, or a file of that
 *  name that did not come from there), MC_E_LIMIT, MC_E_FORMAT, MC_E_NOMEM. */
MC_API mc_status mc_pull_run(const mc_pull_job *job, mc_pulled *pulled, mc_error *err);
MC_API void mc_pulled_release(mc_pulled *pulled);

#ifdef __cplusplus
}
#endif
#endif
