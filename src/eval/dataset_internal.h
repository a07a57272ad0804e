/* What the readers of data sets share. */
#ifndef MCI_EVAL_DATASET_INTERNAL_H
#define MCI_EVAL_DATASET_INTERNAL_H

#include "eval/dataset.h"
#include "io/stream.h"

/* ---- items ---- */

/* Makes item an image of that name, without label and texts. */
mc_status mci_item_begin(mci_dataset_item *item, mc_error *err, const char *format, ...)
    MC_PRINTF(3, 4);
mc_status mci_item_add_text(mci_dataset_item *item, mc_str text, mc_error *err);
/* A number, with white space around it, as a label; MC_SKIPPED: it is none. */
mc_status mci_item_set_label(mci_dataset_item *item, mc_str text, mc_error *err);

/* ---- paths ---- */

/* "folder/name" into out, with a NUL that is not counted. */
mc_status mci_join_path(mci_buf *out, const char *folder, const char *name, mc_error *err);
bool mci_dataset_is_folder(const char *path);

/* Names in a folder, hidden ones apart, in the order of their bytes; only folders, or only what
 * ends with suffix (lower case). Errors: MC_E_IO with the path. */
mc_status mci_list_folders(const char *path, mci_phrases *out, mc_error *err);
mc_status mci_list_files(const char *path, const char *suffix, mci_phrases *out, mc_error *err);

/* ---- the kinds ---- */

/* path: the folder of classes. *names: those of the folders. */
mc_status mci_dataset_folder_open(const char *path, uint64_t max_image_bytes, mci_phrases *names,
                                  mci_dataset_source *out, mc_error *err);

/* path: a tar, or the folder of a split. Members of captions (.txt) are read for retrieval, else
 * labels (.cls). */
mc_status mci_dataset_tars_open(const char *path, mc_eval_task task, uint64_t max_image_bytes,
                                mci_dataset_source *out, mc_error *err);

/* path: the table; names, for labels that are words, must live as long as the reader. *task: what
 * its columns allow, or what is asked for. */
mc_status mci_dataset_table_open(const char *path, mc_eval_task *task, const mci_phrases *names,
                                 mci_dataset_source *out, mc_error *err);

/* Files of pixels, one image behind the other. */
typedef struct {
    uint32_t lead;     /* bytes before each image */
    uint32_t label_at; /* which of them is the label; not used with a file of labels */
    uint32_t width, height, channels; /* channel by channel */
    bool columns;                     /* a channel is column by column */
    uint32_t first_label;             /* what class 0 is called */
    bool idx;                         /* both files have idx's headers, which say the size */
} mci_pixel_layout;

extern const mci_pixel_layout mci_layout_mnist, mci_layout_cifar10, mci_layout_cifar100,
    mci_layout_stl10;

/* The files, one behind the other, with their labels in them; or one file, and its labels in
 * another (labels not NULL). Names of images are name/NUMBER. Errors: MC_E_FORMAT (headers, sizes
 * that do not go together), MC_E_LIMIT. */
typedef struct {
    mci_stream *images, *labels; /* taken over, also on failure; labels may be NULL */
    const char *const *paths;    /* of more images; opened in turn. Copied */
    size_t n_paths;
    const char *name; /* copied */
} mci_pixel_files;

mc_status mci_dataset_pixels_open(const mci_pixel_layout *layout, const mci_pixel_files *files,
                                  mci_dataset_source *out, mc_error *err);

#endif
