/** How good a model is: zero-shot classification and retrieval over data sets, with the numbers of
 *  CLIPEval (the evaluation of SLIP and MetaCLIP, 26 data sets) and CLIP_benchmark.
 *
 *      mc_eval_set set = { .path = "cifar-10-batches-bin" };
 *      mc_eval_job job = { .model_path = "b32.pt", .sets = &set, .n_sets = 1, .result = tell };
 *      mc_status status = mc_eval_run(&job, &summary, &err);
 *
 *  docs/eval.md says how data sets lie on disk, and what each number is. */
#ifndef METACLIP_EVAL_H
#define METACLIP_EVAL_H

#include "metaclip/embed.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a data set lies on disk. */
typedef enum {
    MC_DATASET_AUTO,     /* by what is there */
    MC_DATASET_FOLDER,   /* a folder for each class, with its images */
    MC_DATASET_TARS,     /* CLIP_benchmark's webdataset: SPLIT/0.tar with KEY.jpg and KEY.cls */
    MC_DATASET_TABLE,    /* .csv or .tsv: filepath,label, or filepath,title for retrieval */
    MC_DATASET_MNIST,    /* two files of idx, gzip or not */
    MC_DATASET_CIFAR10,  /* the binary version */
    MC_DATASET_CIFAR100, /* the same; its fine labels */
    MC_DATASET_STL10     /* the binary version */
} mc_dataset_kind;

typedef enum {
    MC_TASK_AUTO, /* retrieval where images have captions and no labels */
    MC_TASK_CLASSIFICATION,
    MC_TASK_RETRIEVAL
} mc_eval_task;

/** The one number that stands for a set; all of them are in its JSON. */
typedef enum {
    MC_METRIC_AUTO,      /* by the name, as CLIPEval has it; else acc1, or for retrieval recall@5 */
    MC_METRIC_ACC1,      /* the right class is the best */
    MC_METRIC_ACC5,      /* it is among the best five */
    MC_METRIC_PER_CLASS, /* recall, averaged over classes */
    MC_METRIC_ROC_AUC,   /* of two classes */
    MC_METRIC_ACC1_ACC5, /* (acc1 + acc5) / 2 */
    MC_METRIC_IMAGE_RECALL_5,
    MC_METRIC_TEXT_RECALL_5
} mc_eval_metric;

/** "acc1", "mean_per_class_recall", ...: the name a metric has in JSON and in catalogs. */
MC_API const char *mc_eval_metric_name(mc_eval_metric metric);
/** "auto", "folder", "tars", "table", "mnist", "cifar10", "cifar100", "stl10". */
MC_API const char *mc_dataset_kind_name(mc_dataset_kind kind);

/** A data set and how it is judged. All but path may be left zero. */
typedef struct {
    const char *path;
    const char *name; /* NULL: the last part of path, without .csv, .tsv or .tar */
    mc_dataset_kind kind;
    mc_eval_task task;
    mc_eval_metric metric;
    const char *split; /* NULL: "test", for folders of images also "val" or none */
    /** Class names: lines, or JSON: an array of them (of an array of names for a class that has
     *  several), or an object of such arrays by the names of sets. NULL: what the set brings. */
    const char *class_names;
    /** Templates, with "{}" or "{c}" where the class name goes: a file like the above, or the name
     *  of a built-in set (mc_prompt_set). NULL: what the set brings, else "general". */
    const char *templates;
    const char *language; /* for the JSON only; NULL: "en" */
} mc_eval_set;

/** What came out for one set. Numbers that there are none of are NAN. Fractions, not percent. */
typedef struct {
    const char *name, *split, *language;
    mc_eval_task task;
    mc_eval_metric metric;
    double value;                         /* of that metric */
    uint64_t n_images, n_failed, n_texts; /* n_images have a result; n_failed have none */
    uint64_t n_classes, n_prompts;        /* classification */
    double acc1, acc5;                    /* acc5: with at least five classes */
    double mean_per_class;                /* over the classes that images are of */
    double roc_auc; /* with two classes: the second one's score less the first one's */
    double image_recall[3], text_recall[3];                                      /* at 1, 5, 10 */
    double image_mean_rank, image_median_rank, text_mean_rank, text_median_rank; /* from 1 */
    double seconds;
    bool is_recalled;  /* taken from out_path */
    mc_status status;  /* a failure: the set could not be evaluated, and error says why */
    const char *error; /* NULL if it could */
    const char *json;  /* one line, CLIP_benchmark's fields and more; NULL after a failure */
} mc_eval_result;

/** Data sets -> numbers. */
typedef struct {
    const char *model_path;
    mc_clip_options model;
    const char *vocab_path; /* NULL: beside the model */
    mc_token_rule rule;
    const char *model_name, *pretrained; /* for the JSON; NULL: model_path */
    const mc_eval_set *sets;             /* these, */
    size_t n_sets;
    const char *catalog_path;    /* and those of a catalog; may be NULL */
    bool rgb_last, exif, shrink; /* as in image.h */
    unsigned n_threads, batch;   /* 0: one a processor; 32 */
    uint64_t max_image_bytes;    /* a longer file fails; 0: 64 MiB */
    bool strict;                 /* the first image, or set, that fails ends it */
    /** Results as JSON Lines; NULL: none. What it holds already stays, and a set with the same
     *  names and the same setup is taken from there; it is written anew after each set. */
    const char *out_path;
    void (*result)(void *user, const mc_eval_result *result); /* views live for the call */
    /** An image that failed, its name with a NUL behind it; may be NULL. */
    void (*failure)(void *user, const char *set, mc_str image, const char *why);
    void *user;
    mc_hooks hooks;
} mc_eval_job;

typedef struct {
    uint64_t n_sets, n_failed_sets, n_recalled;
    uint64_t n_images, n_failed;
    double mean_value; /* of the classification sets that did not fail; NAN if there is none */
} mc_eval_summary;

/** A set that cannot be evaluated (it is not there, has no images or no class names, its data is
 *  cut, another has its name) is told by result() and the next is taken, unless strict.
 *  Errors: those of loading the model and its vocabulary; MC_E_ARG (no sets), MC_E_FORMAT (the
 * catalog, or out_path holds something else), MC_E_IO, MC_E_NOMEM; with strict the first failure's.
 */
MC_API mc_status mc_eval_run(const mc_eval_job *job, mc_eval_summary *summary, mc_error *err);

/** The built-in templates of a name ("general"), one a line; NULL if there are none. */
MC_API const char *mc_prompt_set(const char *name);
/** The names of all built-in sets, one after the other; NULL behind the last. */
MC_API const char *mc_prompt_set_name(size_t i);

#ifdef __cplusplus
}
#endif
#endif
