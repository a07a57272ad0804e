/* A folder for each class. */
#include "base/alloc.h"
#include "eval/dataset_internal.h"

typedef struct {
    mci_buf root, path; /* path: of the class that is read */
    uint64_t max_image_bytes;
    mci_phrases folders;
    size_t next; /* class */
    mci_image_inputs *inputs;
    const char *input; /* path.data, which inputs keeps a pointer to */
} folder_set;

static void close_folder(void *self)
{
    folder_set *f = self;
    mci_image_inputs_close(f->inputs);
    mci_buf_release(&f->root);
    mci_buf_release(&f->path);
    mci_phrases_release(&f->folders);
    mci_free(f);
}

static mc_status open_class(folder_set *f, mc_error *err)
{
    mc_str name = mci_phrases_get(&f->folders, f->next++);
    mci_image_inputs_close(f->inputs);
    f->inputs = NULL;
    mci_buf_clear(&f->path);
    MC_TRY(mci_buf_printf(&f->path, err, "%s/%.*s", f->root.data, (int)name.len, name.data));
    f->input = f->path.data;
    return mci_image_inputs_open(&f->input, 1, f->max_image_bytes, &f->inputs, err);
}

static mc_status next_in_folder(void *self, mci_dataset_item *item, mc_error *err)
{
    folder_set *f = self;
    for (;;) {
        mc_status status = f->inputs ? mci_image_inputs_next(f->inputs, &item->image, err) : MC_END;
        if (status != MC_END) {
            item->has_label = true;
            item->label = (uint32_t)(f->next - 1);
            item->n_texts = 0;
            return status;
        }
        if (f->next == f->folders.n)
            return MC_END;
        MC_TRY(open_class(f, err));
    }
}

/* "golden_retriever" is a golden retriever. */
static mc_status name_classes(const mci_phrases *folders, mci_phrases *names, mc_error *err)
{
    mci_phrases_clear(names);
    for (size_t i = 0; i < folders->n; i++)
        MC_TRY(mci_phrases_add(names, mci_phrases_get(folders, i), true, err));
    for (size_t i = 0; i < names->text.len; i++)
        if (names->text.data[i] == '_')
            names->text.data[i] = ' ';
    return MC_OK;
}

mc_status mci_dataset_folder_open(const char *path, uint64_t max_image_bytes, mci_phrases *names,
                                  mci_dataset_source *out, mc_error *err)
{
    folder_set *f = mci_alloc_zeroed(1, sizeof *f);
    if (!f)
        return mci_nomem(err, sizeof *f);
    f->max_image_bytes = max_image_bytes;
    mc_status status = mci_buf_printf(&f->root, err, "%s", path);
    if (status >= 0)
        status = mci_list_folders(path, &f->folders, err);
    if (status >= 0)
        status = name_classes(&f->folders, names, err);
    if (status >= 0 && f->folders.n == 0)
        status = mc_fail(err, MC_E_FORMAT,
                         "%s: no data set: neither folders of classes, nor the files of a kind "
                         "that is known (of a tar that lies in it, name the tar)",
                         path);
    if (status < 0)
        close_folder(f);
    else
        *out = (mci_dataset_source){ f, next_in_folder, close_folder };
    return status;
}
