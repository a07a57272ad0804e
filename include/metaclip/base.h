/** What every part of libmetaclip shares: views of bytes, and hooks by which a long call speaks. */
#ifndef METACLIP_BASE_H
#define METACLIP_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "metaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Hex digits of a SHA-256. */
enum { MC_SHA256_DIGITS = 64 };

/** A view of bytes: no NUL at the end, never freed through the view. */
typedef struct {
    const char *data;
    size_t len;
} mc_str;

/** The view of a NUL-terminated string; NULL gives the empty view. */
static inline mc_str mc_str_of(const char *text)
{
    mc_str view = { text, text ? strlen(text) : 0 };
    return view;
}

static inline bool mc_str_equal(mc_str a, mc_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/** How far a long call is. */
typedef struct {
    const char *phase; /* a word: "match", "draw" */
    uint64_t done;     /* bytes of input read, or so many of `unit` */
    uint64_t total;    /* in all, as far as one can say; 0 when nobody knows (a pipe) */
    uint64_t n_shards_done, n_shards;
    const char *unit; /* what is counted: "pairs", "texts"; NULL: bytes */
} mc_progress;

/** How a long call speaks to its caller. Any member may be NULL. The library never calls them
 *  from two threads at once, but they may be called from any thread. */
typedef struct {
    void (*progress)(void *user, const mc_progress *progress);
    void (*warn)(void *user, const char *text); /* one line without a line end */
    void *user;
} mc_hooks;

/** Frees what a function of this library gave as "free with mc_free". Takes NULL. */
MC_API void mc_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
