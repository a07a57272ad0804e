/* The small files of a run folder, and which of them to believe when they disagree. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/files.h"
#include "curate/card.h"
#include "curate/languages.h"
#include "curate/sidecar.h"
#include "io/npy.h"
#include "io/whole.h"
#include "run/verify_lists.h"

static mc_status path_of(const mci_verify *v, const char *file, mci_buf *path, mc_error *err)
{
    return mci_buf_printf(path, err, "%s/%s", v->job->dir, file);
}

static void copy_sha256(mc_str text, char out[MC_SHA256_DIGITS + 1])
{
    if (mci_is_sha256(text))
        memcpy(out, text.data, MC_SHA256_DIGITS);
    out[mci_is_sha256(text) ? MC_SHA256_DIGITS : 0] = '\0';
}

/* A text that is too long is cut, and so equals none that was not. */
static void copy_text(mci_json_value root, const char *name, char out[MC_LANGUAGES_TEXT])
{
    mci_json_value value;
    const mc_str text = mci_json_get(root, name, &value) ? mci_json_string(value) : (mc_str){ 0 };
    snprintf(out, MC_LANGUAGES_TEXT, "%.*s", (int)(text.len < INT_MAX ? text.len : INT_MAX),
             text.len ? text.data : "");
}

/* ---- run.json ---- */

static mc_status want_u64(mci_json_value root, const char *name, uint64_t *out, mc_error *err)
{
    mci_json_value value;
    if (mci_json_get(root, name, &value) && mci_json_u64(value, out))
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "\"%s\" is missing or no whole number", name);
}

static bool is_true(mci_json_value root, const char *name)
{
    mci_json_value value;
    return mci_json_get(root, name, &value) && mci_json_bool(value);
}

static mc_status read_form(mci_json_value root, mc_pairs_form *out, mc_error *err)
{
    mci_json_value value;
    mc_str name = { 0 };
    if (mci_json_get(root, "files", &value))
        name = mci_json_string(value);
    for (mc_pairs_form form = 0; form < MC_N_PAIRS_FORMS; form++) {
        *out = form;
        if (mc_str_equal(name, mc_str_of(mc_pairs_form_name(form))))
            return MC_OK;
    }
    return mc_fail(err, MC_E_FORMAT, "\"files\" is missing or unknown");
}

static mc_status read_lists(mci_json_value root, mci_verify_options *out, mc_error *err)
{
    mci_json_value array, value;
    size_t cap = 0;
    uint64_t n_entries = 0;
    if (!mci_json_get(root, "lists", &array))
        return MC_OK;
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &value);) {
        void *lists = out->lists;
        MC_TRY(mci_grow(&lists, &cap, out->n_lists + 1, sizeof *out->lists, err));
        out->lists = lists;
        mc_metadata_list *list = &out->lists[out->n_lists];
        MC_TRY(mci_list_parse(value, list, err));
        MC_TRY(mci_list_follows(list, out->n_lists ? list - 1 : NULL, &n_entries, err));
        out->n_lists++;
    }
    if (out->n_lists && n_entries == out->n_entries)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "\"lists\" have %" PRIu64 " entries, want %" PRIu64, n_entries,
                   out->n_entries);
}

static mc_status read_options(mci_json_value root, mci_verify_options *out, mc_error *err)
{
    mci_json_value value;
    MC_TRY(want_u64(root, "entries", &out->n_entries, err));
    MC_TRY(want_u64(root, "seed", &out->seed, err));
    MC_TRY(want_u64(root, "max_item_bytes", &out->max_item_bytes, err));
    if (!mci_json_get(root, "metadata_sha256", &value) || !mci_is_sha256(mci_json_string(value)))
        return mc_fail(err, MC_E_FORMAT, "\"metadata_sha256\" is missing or no SHA-256");
    copy_sha256(mci_json_string(value), out->metadata_sha256);
    out->has_t = mci_json_get(root, "t", &value) && mci_json_u64(value, &out->t);
    if (mci_json_get(root, "target", &value))
        mci_json_u64(value, &out->target);
    out->tail_ratio = -1;
    if (!out->has_t && mci_json_get(root, "tail_ratio", &value))
        mci_json_double(value, &out->tail_ratio);
    out->keep_duplicates = is_true(root, "keep_duplicates");
    out->one_text = is_true(root, "one_text");
    copy_text(root, "languages", out->languages);
    MC_TRY(read_lists(root, out, err));
    out->rule = is_true(root, "worldwide") ? MC_RULE_WORLDWIDE : MC_RULE_WORDS;
    return read_form(root, &out->format, err);
}

static mc_status read_inputs(mci_verify *v, mci_json_value root, mc_error *err)
{
    mci_json_value inputs, input, name;
    if (!mci_json_get(root, "inputs", &inputs) || mci_json_type_of(inputs) != MCI_JSON_ARRAY)
        return mc_fail(err, MC_E_FORMAT, "\"inputs\" is missing or no array");
    for (mci_json_iter it = mci_json_iterate(inputs); mci_json_next(&it, NULL, &input);) {
        void *grown = v->inputs;
        if (!mci_json_get(input, "name", &name) || mci_json_type_of(name) != MCI_JSON_STRING)
            return mc_fail(err, MC_E_FORMAT, "inputs[%zu] has no name", v->n_inputs);
        MC_TRY(mci_grow(&grown, &v->cap_inputs, v->n_inputs + 1, sizeof *v->inputs, err));
        v->inputs = grown;
        v->inputs[v->n_inputs] = (mci_verify_input){ 0 };
        MC_TRY(
            mci_arena_copy(&v->arena, mci_json_string(name), &v->inputs[v->n_inputs].listed, err));
        v->n_inputs++;
    }
    return MC_OK;
}

static mc_status load_run(mci_verify *v, const char *path, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    uint64_t format = 0;
    mc_status status = mci_json_load(path, MCI_MAX_WHOLE_BYTES, &json, &root, err);
    if (status >= 0) {
        status = want_u64(root, "format", &format, err);
        if (status >= 0 && format != MCI_RUN_VERSION)
            status = mc_fail(err, MC_E_FORMAT, "a run folder of version %" PRIu64 ", want %d",
                             format, MCI_RUN_VERSION);
        if (status >= 0)
            status = read_options(root, &v->options, err);
        if (status >= 0)
            status = read_inputs(v, root, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_json_free(json);
    return status;
}

/* ---- summary.json ---- */

static void read_number(mci_verify *v, mci_json_value root, const char *name, uint64_t *out)
{
    mci_json_value value;
    if (!mci_json_get(root, name, &value) || !mci_json_u64(value, out))
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_FIRST,
                  "summary.json: \"%s\" is missing or no whole number", name);
}

/* Counters that came with a later version: a summary without them speaks of 0. */
static bool may_be_missing(const char *counter)
{
    return strstr(counter, "blocked") != NULL || strstr(counter, "not_chosen") != NULL;
}

static void read_counter(mci_verify *v, mci_json_value root, const char *name, uint64_t *out)
{
    mci_json_value value;
    if (!may_be_missing(name) || mci_json_get(root, name, &value))
        read_number(v, root, name, out);
}

/* A list that cannot be read is missing, and found to be. */
static mc_status read_summary_lists(mci_verify *v, mci_json_value root, mc_error *err)
{
    mc_error what = { 0 };
    mci_json_value array;
    mc_card lists = { .n_entries = v->summary.values.n_entries };
    if (!mci_json_get(root, "lists", &array))
        return MC_OK;
    mc_status status = mci_card_read_lists(array, &lists, &what);
    v->summary.values.lists = lists.lists;
    v->summary.values.n_lists = lists.n_lists;
    if (status == MC_E_NOMEM)
        return mc_fail(err, status, "%s", what.text);
    if (status < 0)
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_FIRST, "summary.json: %s", what.text);
    return MC_OK;
}

static mc_status read_summary(mci_verify *v, mci_json_value root, mc_error *err)
{
    mc_summary *s = &v->summary.values;
    mci_json_value value;
#define X(name, text) read_counter(v, root, #name, &s->n.name);
    MC_COUNTERS(X)
#undef X
    read_number(v, root, "entries", &s->n_entries);
    read_number(v, root, "t", &s->t);
    read_number(v, root, "seed", &s->seed);
    read_number(v, root, "entries_head", &s->shape.n_head);
    read_number(v, root, "entries_tail", &s->shape.n_tail);
    read_number(v, root, "entries_never_matched", &s->shape.n_zero);
    read_number(v, root, "pool_matches", &s->shape.n_matches);
    read_number(v, root, "tail_matches", &s->shape.n_tail_matches);
    s->expected_pairs = s->shape.tail_ratio = -1;
    if (mci_json_get(root, "expected_pairs", &value))
        mci_json_double(value, &s->expected_pairs);
    if (mci_json_get(root, "tail_ratio", &value))
        mci_json_double(value, &s->shape.tail_ratio);
    if (mci_json_get(root, "metadata_sha256", &value))
        copy_sha256(mci_json_string(value), s->metadata_sha256);
    copy_text(root, "identified_by", s->identified_by);
    v->summary.has_languages = mci_json_get(root, "by_language", &value);
    if (v->summary.has_languages)
        mci_language_counts_read(value, &s->languages);
    v->summary.is_there = true;
    return read_summary_lists(v, root, err);
}

static mc_status load_summary(mci_verify *v, const char *path, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_json_load(path, MCI_MAX_WHOLE_BYTES, &json, &root, err);
    if (status >= 0)
        status = read_summary(v, root, err);
    mci_json_free(json);
    return status;
}

/* ---- the others ---- */

static mc_status load_card(mci_verify *v, const char *path, mc_error *err)
{
    MC_TRY(mc_card_load(path, &v->card, err));
    v->has_card = true;
    return MC_OK;
}

static mc_status load_counts(mci_verify *v, const char *path, mc_error *err)
{
    void *counts = NULL;
    MC_TRY(mci_npy_load(path, MCI_NPY_U64, &counts, &v->counts.n, err));
    v->counts.counts = counts;
    return MC_OK;
}

static mc_status load_sidecar(mci_verify *v, const char *path, mc_error *err)
{
    uint64_t n_entries = 0;
    bool found = false;
    MC_TRY(mci_sidecar_load(path, v->sidecar_sha256, &n_entries, &found, err));
    if (!found)
        return mc_fail(err, MC_E_IO, "%s.meta.json: it is missing", path);
    if (v->counts.counts && n_entries != v->counts.n)
        return mc_fail(err, MC_E_MISMATCH, "%s: %zu counts, but its .meta.json speaks of %" PRIu64,
                       path, v->counts.n, n_entries);
    return MC_OK;
}

typedef mc_status load_fn(mci_verify *v, const char *path, mc_error *err);

/* One that cannot be used is a finding; the others can tell enough to go on. */
static mc_status load_or_note(mci_verify *v, const char *file, mc_check_kind check, load_fn *load,
                              mc_error *err)
{
    mci_buf path = { 0 };
    mc_error what = { 0 };
    MC_TRY(path_of(v, file, &path, err));
    mc_status status = load(v, path.data, &what);
    mci_buf_release(&path);
    return mci_found_failure(&v->findings, check, MCI_PLACE_FIRST, status, &what, err);
}

mc_status mci_verify_load(mci_verify *v, mc_error *err)
{
    mci_buf path = { 0 };
    MC_TRY(path_of(v, "run.json", &path, err));
    mc_status status = MC_OK;
    if (mci_file_exists(v->job->dir) && !mci_file_exists(path.data))
        status = mc_fail(err, MC_E_FORMAT,
                         "%s: this folder has no run.json, so it is no run folder of curate",
                         v->job->dir);
    if (status >= 0)
        status = load_run(v, path.data, err);
    mci_buf_release(&path);
    if (status < 0)
        return status;
    MC_TRY(load_or_note(v, "entry_count.npy", MC_CHECK_counts, load_counts, err));
    MC_TRY(load_or_note(v, "entry_count.npy", MC_CHECK_metadata, load_sidecar, err));
    MC_TRY(load_or_note(v, "datacard.json", MC_CHECK_counts, load_card, err));
    MC_TRY(load_or_note(v, "summary.json", MC_CHECK_sums, load_summary, err));
    if (v->job->metadata_path)
        MC_TRY(mc_metadata_load_lists(v->job->metadata_path, &v->metadata, err));
    return MC_OK;
}

/* ---- who is right ---- */

/* A file and what it says of one thing. */
typedef struct {
    const char *file;
    bool speaks;
    char says[MC_SHA256_DIGITS + 1];
} witness;

static witness number_of(const char *file, bool speaks, uint64_t value)
{
    witness w = { .file = file, .speaks = speaks };
    snprintf(w.says, sizeof w.says, "%" PRIu64, value);
    return w;
}

static witness text_of(const char *file, const char *text)
{
    witness w = { .file = file, .speaks = text[0] != '\0' };
    snprintf(w.says, sizeof w.says, "%s", text);
    return w;
}

static bool agree(const witness *a, const witness *b)
{
    return a->speaks && b->speaks && strcmp(a->says, b->says) == 0;
}

/* What most say, the first ones if there is no majority. The others are findings. Gives the index
 * of one that is right. */
static size_t decide(mci_verify *v, mc_check_kind check, const char *what, const witness *all,
                     size_t n)
{
    size_t best = 0, n_best = 0;
    for (size_t i = 0; i < n; i++) {
        size_t n_like = 0;
        for (size_t j = 0; j < n; j++)
            n_like += agree(&all[i], &all[j]);
        if (n_like > n_best) {
            best = i;
            n_best = n_like;
        }
    }
    for (size_t i = 0; i < n; i++) {
        mci_checked(&v->findings, check, all[i].speaks);
        if (all[i].speaks && !agree(&all[i], &all[best]))
            mci_found(&v->findings, check, MCI_PLACE_FIRST, "%s: %s is %s, but %s in %s",
                      all[i].file, what, all[i].says, all[best].says, all[best].file);
    }
    return best;
}

static void choose_entries(mci_verify *v)
{
    const witness all[] = {
        number_of("run.json", true, v->options.n_entries),
        number_of("entry_count.npy", v->counts.counts, v->counts.n),
        number_of("datacard.json", v->has_card, v->card.n_entries),
        number_of("summary.json", v->summary.is_there, v->summary.values.n_entries),
    };
    const uint64_t values[] = { v->options.n_entries, v->counts.n, v->card.n_entries,
                                v->summary.values.n_entries };
    v->n_entries = values[decide(v, MC_CHECK_metadata, "the number of entries", all, 4)];
}

static void drop_metadata(mci_verify *v)
{
    mc_metadata_free(v->metadata);
    v->metadata = NULL;
}

/* The same entries may be parted into other lists. */
static void check_lists(mci_verify *v)
{
    if (mci_verify_has_lists(v, v->metadata))
        return;
    mci_found(&v->findings, MC_CHECK_metadata, MCI_PLACE_FIRST,
              "%s: the run's entries, but not its lists, which are %zu", v->job->metadata_path,
              v->options.n_lists);
    drop_metadata(v);
}

void mci_verify_choose_list(mci_verify *v)
{
    const witness all[] = {
        text_of("run.json", v->options.metadata_sha256),
        text_of("entry_count.npy.meta.json", v->sidecar_sha256),
        text_of("datacard.json", v->card.metadata_sha256),
        text_of("summary.json", v->summary.values.metadata_sha256),
    };
    size_t best = decide(v, MC_CHECK_metadata, "the metadata's SHA-256", all, COUNT_OF(all));
    memcpy(v->report->metadata_sha256, all[best].says, sizeof v->report->metadata_sha256);
    choose_entries(v);
    if (!v->metadata)
        return;
    mci_checked(&v->findings, MC_CHECK_metadata, 1);
    if (strcmp(mc_metadata_sha256(v->metadata), all[best].says) == 0 &&
        mc_metadata_len(v->metadata) == v->n_entries) {
        check_lists(v);
        return;
    }
    mci_found(&v->findings, MC_CHECK_metadata, MCI_PLACE_FIRST,
              "%s: another metadata list than the run's: SHA-256 %s, want %s",
              v->job->metadata_path, mc_metadata_sha256(v->metadata), all[best].says);
    drop_metadata(v);
}

void mci_verify_choose_counts(mci_verify *v)
{
    uint64_t n = v->n_entries;
    if (v->counts.counts && v->counts.n == n && v->has_card && v->card.n_entries == n &&
        memcmp(v->counts.counts, v->card.pool, n * sizeof *v->card.pool) == 0)
        v->drawn_by = v->counts.counts;
}

mc_status mci_verify_choose_t(mci_verify *v, mc_error *err)
{
    uint64_t t = v->options.t;
    bool has_t = v->options.has_t || v->options.tail_ratio >= 0;
    mc_error what = { 0 };
    mc_status status = MC_OK;
    if (v->options.tail_ratio >= 0)
        status = mci_verify_t_of_ratio(v, v->options.tail_ratio, &t, &what);
    if (status == MC_E_NOMEM)
        return mc_fail(err, status, "%s", what.text);
    if (status < 0) {
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_FIRST, "run.json: %s", what.text);
        has_t = false;
    }
    const witness ts[] = {
        number_of("run.json", has_t, t),
        number_of("summary.json", v->summary.is_there, v->summary.values.t),
        number_of("datacard.json", v->has_card, v->card.t),
    };
    const uint64_t t_values[] = { t, v->summary.values.t, v->card.t };
    v->t = t_values[decide(v, MC_CHECK_sums, "t", ts, COUNT_OF(ts))];
    const witness seeds[] = {
        number_of("run.json", true, v->options.seed),
        number_of("summary.json", v->summary.is_there, v->summary.values.seed),
        number_of("datacard.json", v->has_card, v->card.seed),
    };
    const uint64_t seed_values[] = { v->options.seed, v->summary.values.seed, v->card.seed };
    v->seed = seed_values[decide(v, MC_CHECK_sums, "seed", seeds, COUNT_OF(seeds))];
    v->report->t = v->t;
    v->report->seed = v->seed;
    if (v->t == 0)
        return mc_fail(err, MC_E_FORMAT, "%s: nobody says which t it was drawn with", v->job->dir);
    return mci_verify_limits(v, v->options.tail_ratio, v->t, &v->limits, err);
}
