/* Opening a data set: what lies there, and the texts that belong to it. */
#include "eval/dataset.h"

#include <stdio.h>

#include "base/files.h"
#include "base/utf8.h"
#include "eval/dataset_internal.h"
#include "io/whole.h"

typedef struct {
    const mc_eval_set *spec;
    uint64_t max_image_bytes;
    mci_dataset *set;
    mci_buf path;          /* scratch */
    mci_phrases own_names; /* that the set brings */
} opener;

/* ---- what lies there ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* Whether folder/name, or folder/name.gz, is there; its path is then in o->path. */
static bool has(opener *o, const char *name, mc_error *err)
{
    if (mci_join_path(&o->path, o->spec->path, name, err) < 0)
        return false;
    if (mci_file_exists(o->path.data))
        return true;
    return mci_buf_printf(&o->path, err, ".gz") >= 0 && mci_file_exists(o->path.data);
}

/* The names that MNIST's four files have, and those that some unpackers give them. */
static bool find_idx(opener *o, const char *prefix, const char *what, mc_error *err)
{
    static const char marks[] = "-.";
    char name[64];
    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s-%s%c%s-ubyte", prefix, what, marks[i],
                 strcmp(what, "images") == 0 ? "idx3" : "idx1");
        if (has(o, name, err))
            return true;
    }
    return false;
}

static mc_dataset_kind look_into_folder(opener *o)
{
    if (find_idx(o, "t10k", "images", NULL) || find_idx(o, "train", "images", NULL))
        return MC_DATASET_MNIST;
    if (has(o, "test_batch.bin", NULL) || has(o, "data_batch_1.bin", NULL))
        return MC_DATASET_CIFAR10;
    if (has(o, "fine_label_names.txt", NULL))
        return MC_DATASET_CIFAR100;
    if (has(o, "test_X.bin", NULL) || has(o, "train_X.bin", NULL))
        return MC_DATASET_STL10;
    if (has(o, "classnames.txt", NULL) || has(o, "dataset_type.txt", NULL))
        return MC_DATASET_TARS;
    return MC_DATASET_FOLDER;
}

static mc_status find_kind(opener *o, mc_error *err)
{
    const char *path = o->spec->path;
    mc_dataset_kind *kind = &o->set->kind;
    *kind = o->spec->kind;
    if (*kind != MC_DATASET_AUTO)
        return MC_OK;
    if (mci_dataset_is_folder(path))
        *kind = look_into_folder(o);
    else if (ends_with(path, ".csv") || ends_with(path, ".tsv"))
        *kind = MC_DATASET_TABLE;
    else if (ends_with(path, ".tar"))
        *kind = MC_DATASET_TARS;
    else if (!mci_file_exists(path))
        return mc_fail(err, MC_E_IO, "%s: there is no such folder or file", path);
    else
        return mc_fail(err, MC_E_FORMAT, "%s: a data set is a folder, a .csv, a .tsv or a .tar",
                       path);
    return MC_OK;
}

static mc_status name_set(opener *o, mc_error *err)
{
    static const char *const endings[] = { ".csv", ".tsv", ".tar" };
    const char *path = o->spec->path;
    size_t n = strlen(path), begin;
    if (o->spec->name)
        return mci_buf_printf(&o->set->name, err, "%s", o->spec->name);
    while (n > 1 && path[n - 1] == '/')
        n--;
    for (begin = n; begin > 0 && path[begin - 1] != '/';)
        begin--;
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        if (n - begin > 4 && memcmp(path + n - 4, endings[i], 4) == 0)
            n -= 4;
    return mci_buf_printf(&o->set->name, err, "%.*s", (int)(n - begin), path + begin);
}

/* ---- splits ---- */

static const char *split_or(const opener *o, const char *usual)
{
    return o->spec->split ? o->spec->split : usual;
}

static mc_status set_split(opener *o, const char *split, mc_error *err)
{
    mci_buf_clear(&o->set->split);
    return mci_buf_printf(&o->set->split, err, "%s", split);
}

/* For binary sets there are "train" and "test". */
static mc_status want_train(opener *o, bool *train, mc_error *err)
{
    const char *split = split_or(o, "test");
    *train = strcmp(split, "train") == 0;
    if (!*train && strcmp(split, "test") != 0)
        return mc_fail(err, MC_E_ARG, "%s: its splits are test and train, not \"%s\"",
                       o->spec->path, split);
    return set_split(o, split, err);
}

/* Leaves in o->path the folder of the split, or the set's own. */
static mc_status find_split(opener *o, const char *const *usual, size_t n_usual, mc_error *err)
{
    for (size_t i = 0; i < (o->spec->split ? 1 : n_usual); i++) {
        const char *split = split_or(o, usual[i]);
        MC_TRY(mci_join_path(&o->path, o->spec->path, split, err));
        if (mci_dataset_is_folder(o->path.data))
            return set_split(o, split, err);
    }
    if (o->spec->split)
        return mc_fail(err, MC_E_IO, "%s: there is no such folder", o->path.data);
    mci_buf_clear(&o->path);
    return mci_buf_printf(&o->path, err, "%s", o->spec->path);
}

/* ---- each kind ---- */

/* A file of names that lies in the set, if it does. */
static mc_status load_beside(opener *o, const char *name, mci_phrases *out, mc_error *err)
{
    if (!has(o, name, err))
        return MC_OK;
    return mci_phrases_load(out, o->path.data, o->set->name.data, err);
}

static mc_status open_folder(opener *o, mc_error *err)
{
    static const char *const usual[] = { "test", "val" };
    MC_TRY(find_split(o, usual, COUNT_OF(usual), err));
    o->set->task = MC_TASK_CLASSIFICATION;
    MC_TRY(mci_dataset_folder_open(o->path.data, o->max_image_bytes, &o->own_names, &o->set->source,
                                   err));
    const size_t n_folders = o->own_names.n, n_given = o->set->class_names.n_groups;
    if (n_given && n_given != n_folders)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: folders of %zu classes, but %zu class names: labels would not be "
                       "theirs",
                       o->path.data, n_folders, n_given);
    return MC_OK;
}

static mc_status find_task(opener *o, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = MC_OK;
    o->set->task = o->spec->task ? o->spec->task : MC_TASK_CLASSIFICATION;
    if (mci_dataset_is_folder(o->spec->path) && has(o, "dataset_type.txt", err))
        status = mci_read_whole(o->path.data, 4096, &text, err);
    mc_str type = mci_trim_space(mci_buf_str(&text));
    if (status >= 0 && mc_str_equal(type, mc_str_of("multilabel")))
        status = mc_fail(err, MC_E_FORMAT, "%s: sets of several labels an image cannot be judged",
                         o->spec->path);
    if (!o->spec->task && mc_str_equal(type, mc_str_of("retrieval")))
        o->set->task = MC_TASK_RETRIEVAL;
    mci_buf_release(&text);
    return status;
}

static mc_status open_tars(opener *o, mc_error *err)
{
    static const char *const usual[] = { "test" };
    MC_TRY(find_task(o, err));
    if (mci_dataset_is_folder(o->spec->path)) {
        MC_TRY(load_beside(o, "classnames.txt", &o->own_names, err));
        if (o->set->templates.n == 0)
            MC_TRY(
                load_beside(o, "zeroshot_classification_templates.txt", &o->set->templates, err));
        MC_TRY(find_split(o, usual, COUNT_OF(usual), err));
    } else {
        mci_buf_clear(&o->path);
        MC_TRY(mci_buf_printf(&o->path, err, "%s", o->spec->path));
    }
    return mci_dataset_tars_open(o->path.data, o->set->task, o->max_image_bytes, &o->set->source,
                                 err);
}

static mc_status open_table(opener *o, mc_error *err)
{
    o->set->task = o->spec->task;
    return mci_dataset_table_open(o->spec->path, &o->set->task, &o->set->class_names,
                                  &o->set->source, err);
}

static mc_status open_stream(opener *o, bool found, const char *what, mci_stream **out,
                             mc_error *err)
{
    return found ? mci_stream_open(o->path.data, out, err)
                 : mc_fail(err, MC_E_IO, "%s: there is no %s in it", o->spec->path, what);
}

static mc_status open_pair(opener *o, const mci_pixel_layout *layout, mci_pixel_files *files,
                           mc_error *err)
{
    mc_status status = mci_dataset_pixels_open(layout, files, &o->set->source, err);
    files->images = files->labels = NULL;
    return status;
}

static mc_status open_mnist(opener *o, bool train, mc_error *err)
{
    static const char *const digits[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
    const char *prefix = train ? "train" : "t10k";
    mci_pixel_files files = { .name = o->spec->path };
    for (size_t i = 0; i < COUNT_OF(digits); i++)
        MC_TRY(mci_phrases_add(&o->own_names, mc_str_of(digits[i]), true, err));
    mc_status status = open_stream(o, find_idx(o, prefix, "images", err),
                                   train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte",
                                   &files.images, err);
    if (status >= 0)
        status = open_stream(o, find_idx(o, prefix, "labels", err),
                             train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte",
                             &files.labels, err);
    if (status >= 0)
        return open_pair(o, &mci_layout_mnist, &files, err);
    mci_stream_close(files.images);
    return status;
}

static mc_status open_stl10(opener *o, bool train, mc_error *err)
{
    mci_pixel_files files = { .name = o->spec->path };
    const char *images = train ? "train_X.bin" : "test_X.bin";
    const char *labels = train ? "train_y.bin" : "test_y.bin";
    MC_TRY(load_beside(o, "class_names.txt", &o->own_names, err));
    mc_status status = open_stream(o, has(o, images, err), images, &files.images, err);
    if (status >= 0)
        status = open_stream(o, has(o, labels, err), labels, &files.labels, err);
    if (status >= 0)
        return open_pair(o, &mci_layout_stl10, &files, err);
    mci_stream_close(files.images);
    return status;
}

/* The files are looked for now, so that a missing one ends it before an hour's work. */
static mc_status open_cifar(opener *o, const mci_pixel_layout *layout, const char *const *names,
                            size_t n, mc_error *err)
{
    mci_buf paths[5] = { 0 };
    const char *views[5];
    mc_status status = MC_OK;
    for (size_t i = 0; status >= 0 && i < n; i++) {
        status = has(o, names[i], err)
                     ? mci_buf_printf(&paths[i], err, "%s", o->path.data)
                     : mc_fail(err, MC_E_IO, "%s: there is no %s in it", o->spec->path, names[i]);
        views[i] = paths[i].data;
    }
    if (status >= 0) {
        const mci_pixel_files files = { .paths = views, .n_paths = n, .name = o->spec->path };
        status = mci_dataset_pixels_open(layout, &files, &o->set->source, err);
    }
    for (size_t i = 0; i < n; i++)
        mci_buf_release(&paths[i]);
    return status;
}

static mc_status open_binary(opener *o, mc_error *err)
{
    static const char *const batches[] = { "data_batch_1.bin", "data_batch_2.bin",
                                           "data_batch_3.bin", "data_batch_4.bin",
                                           "data_batch_5.bin" };
    static const char *const ten_test[] = { "test_batch.bin" };
    static const char *const hundred[] = { "test.bin", "train.bin" };
    bool train = false;
    o->set->task = MC_TASK_CLASSIFICATION;
    MC_TRY(want_train(o, &train, err));
    if (o->set->kind == MC_DATASET_MNIST)
        return open_mnist(o, train, err);
    if (o->set->kind == MC_DATASET_STL10)
        return open_stl10(o, train, err);
    if (o->set->kind == MC_DATASET_CIFAR100) {
        MC_TRY(load_beside(o, "fine_label_names.txt", &o->own_names, err));
        return open_cifar(o, &mci_layout_cifar100, hundred + train, 1, err);
    }
    MC_TRY(load_beside(o, "batches.meta.txt", &o->own_names, err));
    return open_cifar(o, &mci_layout_cifar10, train ? batches : ten_test,
                      train ? COUNT_OF(batches) : 1, err);
}

/* ---- texts ---- */

/* A word that is neither a file nor a set of ours is answered with the sets that there are. */
static mc_status fail_without_templates(const char *name, mc_error *err)
{
    const char *set;
    mci_buf sets = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; status >= 0 && (set = mc_prompt_set_name(i)); i++)
        status = mci_buf_printf(&sets, err, "%s%s", i ? ", " : "", set);
    if (status >= 0)
        status = mc_fail(err, MC_E_IO,
                         "%s: neither a file of templates nor one of the built-in sets %.*s", name,
                         (int)sets.len, sets.data);
    mci_buf_release(&sets);
    return status;
}

static mc_status load_templates(opener *o, const char *name, mc_error *err)
{
    const char *built_in = mc_prompt_set(name);
    if (built_in)
        return mci_phrases_lines(&o->set->templates, mc_str_of(built_in), err);
    if (strcmp(name, "-") != 0 && !mci_file_exists(name))
        return fail_without_templates(name, err);
    return mci_phrases_load(&o->set->templates, name, o->set->name.data, err);
}

static mc_status load_given(opener *o, mc_error *err)
{
    const mc_eval_set *spec = o->spec;
    if (spec->class_names)
        MC_TRY(mci_phrases_load(&o->set->class_names, spec->class_names, o->set->name.data, err));
    return spec->templates ? load_templates(o, spec->templates, err) : MC_OK;
}

static bool has_place(mc_str template)
{
    return memmem(template.data, template.len, "{}", 2) ||
           memmem(template.data, template.len, "{c}", 3);
}

static mc_status check_templates(const opener *o, mc_error *err)
{
    const mci_phrases *templates = &o->set->templates;
    for (size_t i = 0; i < templates->n; i++) {
        mc_str text = mci_phrases_get(templates, i);
        if (!has_place(text))
            return mc_fail(err, MC_E_FORMAT,
                           "%s: the template \"%.*s\" has no {} or {c} for the class name",
                           o->set->name.data, (int)(text.len < 100 ? text.len : 100), text.data);
    }
    return MC_OK;
}

static mc_status complete_texts(opener *o, mc_error *err)
{
    mci_dataset *set = o->set;
    if (set->task == MC_TASK_RETRIEVAL)
        return MC_OK;
    if (set->class_names.n == 0) {
        mci_phrases empty = set->class_names;
        set->class_names = o->own_names;
        o->own_names = empty;
    }
    if (set->class_names.n == 0)
        return mc_fail(err, MC_E_ARG, "%s: it brings no class names, so name a file of them",
                       o->spec->path);
    if (set->templates.n == 0)
        MC_TRY(mci_phrases_lines(&set->templates, mc_str_of(mc_prompt_set("general")), err));
    return check_templates(o, err);
}

static mc_status open_kind(opener *o, mc_error *err)
{
    switch (o->set->kind) {
    case MC_DATASET_FOLDER:
        return open_folder(o, err);
    case MC_DATASET_TARS:
        return open_tars(o, err);
    case MC_DATASET_TABLE:
        return open_table(o, err);
    default:
        return open_binary(o, err);
    }
}

static mc_status open_all(opener *o, mc_error *err)
{
    MC_TRY(name_set(o, err));
    MC_TRY(find_kind(o, err));
    MC_TRY(load_given(o, err));
    MC_TRY(open_kind(o, err));
    if (o->spec->task && o->spec->task != o->set->task)
        return mc_fail(err, MC_E_ARG, "%s: this kind of set has labels, and no captions",
                       o->spec->path);
    return complete_texts(o, err);
}

mc_status mci_dataset_open(const mc_eval_set *spec, uint64_t max_image_bytes, mci_dataset *out,
                           mc_error *err)
{
    opener o = { .spec = spec, .max_image_bytes = max_image_bytes, .set = out };
    *out = (mci_dataset){ 0 };
    mc_status status = open_all(&o, err);
    mci_buf_release(&o.path);
    mci_phrases_release(&o.own_names);
    return status;
}

void mci_dataset_close(mci_dataset *set)
{
    if (set->source.close)
        set->source.close(set->source.self);
    mci_buf_release(&set->name);
    mci_buf_release(&set->split);
    mci_phrases_release(&set->class_names);
    mci_phrases_release(&set->templates);
    *set = (mci_dataset){ 0 };
}
