#include "eval/eval_catalog.h"

#include "base/alloc.h"
#include "base/files.h"
#include "io/whole.h"

void mci_eval_catalog_release(mci_eval_catalog *c)
{
    mci_free(c->sets);
    mci_arena_release(&c->arena);
    *c = (mci_eval_catalog){ 0 };
}

mc_eval_metric mci_eval_usual_metric(const char *name)
{
    static const struct {
        const char *name;
        mc_eval_metric metric;
    } others[] = {
        { "aircraft", MC_METRIC_PER_CLASS },    { "pets", MC_METRIC_PER_CLASS },
        { "caltech101", MC_METRIC_PER_CLASS },  { "flowers", MC_METRIC_PER_CLASS },
        { "hateful_memes", MC_METRIC_ROC_AUC }, { "kinetics700_frames", MC_METRIC_ACC1_ACC5 },
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (strcmp(name, others[i].name) == 0)
            return others[i].metric;
    return MC_METRIC_ACC1;
}

/* ---- words ---- */

/* A string of an object; NULL if it has none. MC_E_FORMAT: something else stands there. */
static mc_status get_text(mci_eval_catalog *c, mci_json_value object, const char *name,
                          const char **out, mc_error *err)
{
    mci_json_value value;
    *out = NULL;
    if (!mci_json_get(object, name, &value))
        return MC_OK;
    mc_str text = mci_json_string(value);
    if (text.len == 0 || memchr(text.data, 0, text.len))
        return mc_fail(err, MC_E_FORMAT, "\"%s\" is no string, or an empty one", name);
    char *copy = mci_arena_alloc(&c->arena, text.len + 1);
    if (!copy)
        return mci_nomem(err, text.len + 1);
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *out = copy;
    return MC_OK;
}

/* The place of a word in a list that name_of gives; -1 if there is none. */
static int find_word(const char *word, const char *(*name_of)(int))
{
    const char *name;
    for (int i = 0; (name = name_of(i)); i++)
        if (strcmp(name, word) == 0)
            return i;
    return -1;
}

static const char *kind_name(int i)
{
    return mc_dataset_kind_name((mc_dataset_kind)i);
}

static const char *metric_name(int i)
{
    return mc_eval_metric_name((mc_eval_metric)i);
}

static const char *task_name(int i)
{
    static const char *const names[] = { "auto", "zeroshot_classification", "zeroshot_retrieval" };
    return (size_t)i < COUNT_OF(names) ? names[i] : NULL;
}

static mc_status get_word(mci_eval_catalog *c, mci_json_value object, const char *name,
                          const char *(*name_of)(int), int *out, mc_error *err)
{
    const char *word;
    MC_TRY(get_text(c, object, name, &word, err));
    *out = word ? find_word(word, name_of) : 0;
    return *out >= 0 ? MC_OK
                     : mc_fail(err, MC_E_FORMAT, "\"%s\": there is no %s \"%s\"", name, name, word);
}

/* A misspelt member would be overlooked. */
static mc_status refuse_others(mci_json_value object, const char *const *known, size_t n_known,
                               mc_error *err)
{
    mc_str key;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(object); mci_json_next(&it, &key, &value);) {
        size_t i = 0;
        while (i < n_known && !mc_str_equal(key, mc_str_of(known[i])))
            i++;
        if (i == n_known)
            return mc_fail(err, MC_E_FORMAT, "\"%.*s\" is not known here",
                           (int)(key.len < 100 ? key.len : 100), key.data);
    }
    return MC_OK;
}

/* ---- paths ---- */

static mc_status join(mci_eval_catalog *c, const char *folder, const char *path, const char **out,
                      mc_error *err)
{
    const size_t n = strlen(folder), m = strlen(path);
    *out = path;
    if (path[0] == '/' || n == 0)
        return MC_OK;
    const bool slash = folder[n - 1] != '/';
    char *joined = mci_arena_alloc(&c->arena, n + slash + m + 1);
    if (!joined)
        return mci_nomem(err, n + m);
    memcpy(joined, folder, n);
    joined[n] = '/';
    memcpy(joined + n + slash, path, m + 1);
    *out = joined;
    return MC_OK;
}

/* A file, if it is no built-in set. */
static mc_status join_texts(mci_eval_catalog *c, const char *folder, const char **path,
                            bool may_be_built_in, mc_error *err)
{
    if (!*path || (may_be_built_in && mc_prompt_set(*path)))
        return MC_OK;
    return join(c, folder, *path, path, err);
}

/* ---- sets ---- */

static const char *const set_members[] = { "name",   "path",       "kind",      "task",    "split",
                                           "metric", "classnames", "templates", "language" };
static const char *const top_members[] = { "root", "templates", "classnames", "language", "sets" };

typedef struct {
    const char *folder, *root; /* where the catalog lies; where its sets do */
    mc_eval_set usual;
} defaults;

static mc_status read_texts(mci_eval_catalog *c, mci_json_value object, const char *folder,
                            mc_eval_set *out, mc_error *err)
{
    MC_TRY(get_text(c, object, "classnames", &out->class_names, err));
    MC_TRY(join_texts(c, folder, &out->class_names, false, err));
    MC_TRY(get_text(c, object, "templates", &out->templates, err));
    MC_TRY(join_texts(c, folder, &out->templates, true, err));
    return get_text(c, object, "language", &out->language, err);
}

static mc_status read_set(mci_eval_catalog *c, mci_json_value object, const defaults *d,
                          mc_eval_set *out, mc_error *err)
{
    int kind, task, metric;
    mc_eval_set set = { 0 };
    if (mci_json_type_of(object) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_E_FORMAT, "it is no object");
    MC_TRY(refuse_others(object, set_members, COUNT_OF(set_members), err));
    MC_TRY(get_text(c, object, "name", &set.name, err));
    MC_TRY(get_text(c, object, "path", &set.path, err));
    MC_TRY(get_text(c, object, "split", &set.split, err));
    MC_TRY(read_texts(c, object, d->folder, &set, err));
    MC_TRY(get_word(c, object, "kind", kind_name, &kind, err));
    MC_TRY(get_word(c, object, "task", task_name, &task, err));
    MC_TRY(get_word(c, object, "metric", metric_name, &metric, err));
    if (!set.path && !set.name)
        return mc_fail(err, MC_E_FORMAT, "it has neither a name nor a path");
    MC_TRY(join(c, d->root, set.path ? set.path : set.name, &set.path, err));
    set.kind = (mc_dataset_kind)kind;
    set.task = (mc_eval_task)task;
    set.metric = (mc_eval_metric)metric;
    set.class_names = set.class_names ? set.class_names : d->usual.class_names;
    set.templates = set.templates ? set.templates : d->usual.templates;
    set.language = set.language ? set.language : d->usual.language;
    *out = set;
    return MC_OK;
}

static mc_status add_set(mci_eval_catalog *c, mci_json_value object, const defaults *d,
                         mc_error *err)
{
    void *sets = c->sets;
    MC_TRY(mci_grow(&sets, &c->cap, c->n + 1, sizeof *c->sets, err));
    c->sets = sets;
    mc_status status = read_set(c, object, d, &c->sets[c->n], err);
    if (status < 0)
        return mc_add_context(err, status, "set %zu", c->n + 1);
    c->n++;
    return MC_OK;
}

static mc_status read_top(mci_eval_catalog *c, mci_json_value root, const char *path, mc_error *err)
{
    mci_json_value sets, object;
    const mc_str whole = { path, mci_folder_length(path) };
    char *folder = mci_arena_alloc(&c->arena, whole.len + 1);
    if (!folder)
        return mci_nomem(err, whole.len + 1);
    memcpy(folder, path, whole.len);
    folder[whole.len] = '\0';
    defaults d = { .folder = folder };
    if (!mci_json_get(root, "sets", &sets) || mci_json_type_of(sets) != MCI_JSON_ARRAY)
        return mc_fail(err, MC_E_FORMAT, "a catalog is an object with an array \"sets\"");
    MC_TRY(refuse_others(root, top_members, COUNT_OF(top_members), err));
    MC_TRY(get_text(c, root, "root", &d.root, err));
    if (d.root)
        MC_TRY(join(c, folder, d.root, &d.root, err));
    else
        d.root = folder;
    MC_TRY(read_texts(c, root, folder, &d.usual, err));
    for (mci_json_iter it = mci_json_iterate(sets); mci_json_next(&it, NULL, &object);)
        MC_TRY(add_set(c, object, &d, err));
    return c->n ? MC_OK : mc_fail(err, MC_E_FORMAT, "it has no sets");
}

mc_status mci_eval_catalog_load(const char *path, mci_eval_catalog *out, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_json_load(path, MCI_MAX_WHOLE_BYTES, &json, &root, err);
    if (status >= 0) {
        status = read_top(out, root, path, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_json_free(json);
    return status;
}
