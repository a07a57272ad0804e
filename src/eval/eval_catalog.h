/* A file that names many data sets. */
#ifndef MCI_EVAL_EVAL_CATALOG_H
#define MCI_EVAL_EVAL_CATALOG_H

#include "base/arena.h"
#include "metaclip/eval.h"

/* Zero-initialise, release at the end. */
typedef struct {
    mc_eval_set *sets;
    size_t n, cap;
    mci_arena arena; /* of the texts that sets point to */
} mci_eval_catalog;

/* A JSON object:
 *
 *     {"root": "data", "templates": "general", "classnames": "labels.json", "language": "en",
 *      "sets": [{"name": "cifar10", "path": "cifar-10-batches-bin"}, ...]}
 *
 * A set may have name, path, kind, task, split, metric, classnames, templates, language; what it
 * lacks of the last three is the catalog's; its path is its name if there is none. Paths that do
 * not begin with / are taken from where the catalog lies: sets', further, from its root. Errors:
 * MC_E_FORMAT (also a member that is not known, by its name), MC_E_IO, MC_E_NOMEM. */
mc_status mci_eval_catalog_load(const char *path, mci_eval_catalog *out, mc_error *err);
void mci_eval_catalog_release(mci_eval_catalog *catalog);

/* The metric of CLIPEval for a data set of this name: mean per class for aircraft, pets, caltech101
 * and flowers, (top1 + top5) / 2 for kinetics700_frames, the area under the ROC curve for
 * hateful_memes, else top1. Source: the published evaluation of SLIP. */
mc_eval_metric mci_eval_usual_metric(const char *name);

#endif
