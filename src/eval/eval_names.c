/* The words of kinds and metrics. */
#include "base/error.h"
#include "metaclip/eval.h"

const char *mc_eval_metric_name(mc_eval_metric metric)
{
    static const char *const names[] = { "auto",
                                         "acc1",
                                         "acc5",
                                         "mean_per_class_recall",
                                         "roc_auc",
                                         "acc1_acc5",
                                         "image_retrieval_recall@5",
                                         "text_retrieval_recall@5" };
    return (size_t)metric < COUNT_OF(names) ? names[metric] : NULL;
}

const char *mc_dataset_kind_name(mc_dataset_kind kind)
{
    static const char *const names[] = { "auto",  "folder",  "tars",     "table",
                                         "mnist", "cifar10", "cifar100", "stl10" };
    return (size_t)kind < COUNT_OF(names) ? names[kind] : NULL;
}
