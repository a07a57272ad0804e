/* A labelled or captioned data set: one image after the other, whatever it lies in. */
#ifndef MCI_EVAL_DATASET_H
#define MCI_EVAL_DATASET_H

#include "eval/phrases.h"
#include "io/image_inputs.h"
#include "metaclip/eval.h"

/* An image with what is said of it. Zero-initialise, release at the end. */
typedef struct {
    mci_image_input image; /* its file is image.bytes, or is read by mci_image_input_read */
    bool has_label;
    uint32_t label;
    mci_buf texts; /* captions, each with a NUL behind it */
    size_t n_texts;
} mci_dataset_item;

void mci_dataset_item_release(mci_dataset_item *item);

/* What reads one kind of data set. */
typedef struct {
    void *self;
    /* The next image. MC_END; MC_SKIPPED with err: item->image.name has no image or no label, and
     * the reader stands at the next. A failure: this is not the whole set. */
    mc_status (*next)(void *self, mci_dataset_item *item, mc_error *err);
    void (*close)(void *self);
} mci_dataset_source;

typedef struct {
    mci_buf name;              /* with a NUL that is not counted */
    mci_buf split;             /* the same; empty if there is none */
    mc_dataset_kind kind;      /* what it is */
    mc_eval_task task;         /* what it can be asked */
    mci_phrases class_names;   /* n_groups is the number of classes; none for retrieval */
    mci_phrases templates;     /* one at least, but for retrieval */
    mci_dataset_source source; /* one thread at a time */
} mci_dataset;

/* Opens what spec says. A spec without class names or templates takes those of the set; folders of
 * images give theirs as class names, with spaces for underscores. A class name file that is given
 * must have as many classes as there are folders.
 * Errors: MC_E_IO, MC_E_FORMAT (nothing that is known lies there), MC_E_ARG (no class names), all
 * with a path. Close *out in any case. */
mc_status mci_dataset_open(const mc_eval_set *spec, uint64_t max_image_bytes, mci_dataset *out,
                           mc_error *err);
void mci_dataset_close(mci_dataset *set);

#endif
