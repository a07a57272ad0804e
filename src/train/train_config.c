#include "train/train_config.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/json_text.h"
#include "io/whole.h"

typedef enum { WORD, WORDS, U64, REAL, BOOL } field_type;

typedef struct {
    const char *name, *meaning;
    field_type type;
    bool decides;
    size_t offset;
} field;

static const field fields[] = {
#define X(type, name, decides, meaning) \
    { #name, meaning, type, decides, offsetof(mc_train_config, name) },
    MCI_TRAIN_FIELDS(X)
#undef X
};

enum { N_FIELDS = sizeof fields / sizeof fields[0] };

const char *mc_train_field(size_t i, const char **meaning)
{
    if (i >= N_FIELDS)
        return NULL;
    *meaning = fields[i].meaning;
    return fields[i].name;
}

static void *place_of(mc_train_config *config, const field *f)
{
    return (char *)config + f->offset;
}

static const void *const_place_of(const mc_train_config *config, const field *f)
{
    return (const char *)config + f->offset;
}

static const field *find_field(mc_str name)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (mc_str_equal(name, mc_str_of(fields[i].name)))
            return &fields[i];
    return NULL;
}

/* ---- words, which live in the arena ---- */

static mc_status keep_word(mc_train_config *config, mc_str text, const char **out, mc_error *err)
{
    char *copy = mci_arena_alloc(&config->arena, text.len + 1);
    if (!copy)
        return mci_nomem(err, text.len + 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *out = copy;
    return MC_OK;
}

static mc_status make_words(mc_train_config *config, size_t n, mci_words *out, mc_error *err)
{
    *out = (mci_words){ mci_arena_alloc(&config->arena, (n + 1) * sizeof *out->items), 0 };
    return out->items ? MC_OK : mci_nomem(err, (n + 1) * sizeof *out->items);
}

/* ---- from text ---- */

static mc_status wrong(const field *f, const char *want, mc_error *err)
{
    return mc_fail(err, MC_E_ARG, "%s: %s; want %s", f->name, f->meaning, want);
}

static mc_status set_words(mc_train_config *config, const char *text, mci_words *out, mc_error *err)
{
    size_t most = 1;
    for (const char *c = text; *c; c++)
        most += *c == ',';
    MC_TRY(make_words(config, most, out, err));
    while (*text) {
        const size_t len = strcspn(text, ",");
        if (len)
            MC_TRY(keep_word(config, (mc_str){ text, len }, &out->items[out->n++], err));
        text += len + (text[len] == ',');
    }
    return MC_OK;
}

static mc_status set_number(const field *f, const char *text, void *place, mc_error *err)
{
    char *end;
    errno = 0;
    if (f->type == REAL) {
        const double value = strtod(text, &end);
        if (end == text || *end || errno || !isfinite(value) || value < 0.0)
            return wrong(f, "a number that is not negative", err);
        *(double *)place = value;
        return MC_OK;
    }
    const unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end || errno || *text == '-')
        return wrong(f, "a whole number", err);
    *(uint64_t *)place = value;
    return MC_OK;
}

static mc_status set_field(mc_train_config *config, const field *f, const char *text, mc_error *err)
{
    void *place = place_of(config, f);
    switch (f->type) {
    case WORD:
        return keep_word(config, mc_str_of(text), place, err);
    case WORDS:
        return set_words(config, text, place, err);
    case BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return wrong(f, "true or false", err);
        *(bool *)place = text[0] == 't';
        return MC_OK;
    default:
        return set_number(f, text, place, err);
    }
}

static mc_status no_field(mc_str name, mc_error *err)
{
    char list[400];
    size_t used = 0;
    for (size_t i = 0; i < N_FIELDS && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 fields[i].name);
    return mc_fail(err, MC_E_ARG, "there is no field %.*s; there are %s",
                   (int)(name.len < 40 ? name.len : 40), name.data, list);
}

mc_status mc_train_config_set(mc_train_config *config, const char *assignment, mc_error *err)
{
    const char *equals = strchr(assignment, '=');
    if (!equals)
        return mc_fail(err, MC_E_ARG, "\"%s\": want FIELD=VALUE", assignment);
    const mc_str name = { assignment, (size_t)(equals - assignment) };
    const field *f = find_field(name);
    return f ? set_field(config, f, equals + 1, err) : no_field(name, err);
}

mc_status mc_train_config_data(mc_train_config *config, const char *const *paths, size_t n,
                               mc_error *err)
{
    MC_TRY(make_words(config, n, &config->data, err));
    for (size_t i = 0; i < n; i++)
        MC_TRY(keep_word(config, mc_str_of(paths[i]), &config->data.items[config->data.n++], err));
    return MC_OK;
}

/* ---- from JSON ---- */

/* Words end with a NUL, so they have none inside. */
static bool is_word(mci_json_value value)
{
    const mc_str text = mci_json_string(value);
    return mci_json_type_of(value) == MCI_JSON_STRING && !memchr(text.data, '\0', text.len);
}

static mc_status take_words(mc_train_config *config, const field *f, mci_json_value value,
                            mc_error *err)
{
    mci_words *words = place_of(config, f);
    mci_json_value element;
    size_t n = 0;
    if (mci_json_type_of(value) != MCI_JSON_ARRAY)
        return wrong(f, "an array of strings", err);
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, NULL, &element);)
        n++;
    MC_TRY(make_words(config, n, words, err));
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, NULL, &element);) {
        if (!is_word(element))
            return wrong(f, "an array of strings", err);
        MC_TRY(keep_word(config, mci_json_string(element), &words->items[words->n++], err));
    }
    return MC_OK;
}

static mc_status take_field(mc_train_config *config, const field *f, mci_json_value value,
                            mc_error *err)
{
    void *place = place_of(config, f);
    switch (f->type) {
    case WORD:
        if (!is_word(value))
            return wrong(f, "a string", err);
        return keep_word(config, mci_json_string(value), place, err);
    case WORDS:
        return take_words(config, f, value, err);
    case BOOL:
        if (mci_json_type_of(value) != MCI_JSON_BOOL)
            return wrong(f, "true or false", err);
        *(bool *)place = mci_json_bool(value);
        return MC_OK;
    case U64:
        return mci_json_u64(value, place) ? MC_OK : wrong(f, "a whole number", err);
    default:
        if (!mci_json_double(value, place) || !isfinite(*(double *)place) || *(double *)place < 0.0)
            return wrong(f, "a number that is not negative", err);
        return MC_OK;
    }
}

static mc_status take_fields(mc_train_config *config, mci_json_value root, mc_error *err)
{
    mc_str key;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(root); mci_json_next(&it, &key, &value);) {
        const field *f = find_field(key);
        if (f)
            MC_TRY(take_field(config, f, value, err));
        else if (!mc_str_equal(key, mc_str_of("preset")))
            return no_field(key, err);
    }
    return MC_OK;
}

static mc_status take_all(mc_train_config *config, mci_json_value root, mc_error *err);

static mc_status take_text(mc_train_config *config, mc_str text, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_parse_whole(text, &json, &root, err);
    if (status >= 0)
        status = take_all(config, root, err);
    mci_json_free(json);
    return status;
}

static mc_status take_preset(mc_train_config *config, mc_str name, mc_error *err)
{
    const char *text = mci_train_preset_text(name);
    return text ? take_text(config, mc_str_of(text), err)
                : mc_fail(err, MC_E_FORMAT, "there is no preset \"%.*s\"",
                          (int)(name.len < 60 ? name.len : 60), name.len ? name.data : "");
}

static mc_status take_all(mc_train_config *config, mci_json_value root, mc_error *err)
{
    mci_json_value preset;
    if (mci_json_type_of(root) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_E_FORMAT, "a config is a JSON object");
    if (mci_json_get(root, "preset", &preset))
        MC_TRY(take_preset(config, mci_json_string(preset), err));
    return take_fields(config, root, err);
}

static mc_status read_file(mc_train_config *config, const char *path, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_json_load(path, (uint64_t)16 << 20, &json, &root, err);
    if (status >= 0) {
        status = take_all(config, root, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_json_free(json);
    return status == MC_E_ARG ? MC_E_FORMAT : status;
}

/* ---- a config ---- */

/* What every config begins as: CLIP's set-up, with nothing said of the data. */
static mc_status fill_usual(mc_train_config *config, mc_error *err)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (fields[i].type == WORD)
            *(const char **)place_of(config, &fields[i]) = "";
    return take_preset(config, mc_str_of("b32_400m"), err);
}

static mc_status end_config(mc_train_config *config, mc_status status, mc_train_config **out)
{
    if (status < 0)
        mc_train_config_free(config);
    else
        *out = config;
    return status;
}

/* The usual one. */
static mc_status new_config(mc_train_config **out, mc_error *err)
{
    mc_train_config *config = mci_alloc_zeroed(1, sizeof *config);
    if (!config)
        return mci_nomem(err, sizeof *config);
    return end_config(config, fill_usual(config, err), out);
}

mc_status mc_train_config_new(const char *preset_or_path, mc_train_config **out, mc_error *err)
{
    mc_train_config *config = NULL;
    const mc_str name = mc_str_of(preset_or_path);
    MC_TRY(new_config(&config, err));
    mc_status status = mci_train_preset_text(name) ? take_preset(config, name, err)
                                                   : read_file(config, preset_or_path, err);
    return end_config(config, status, out);
}

mc_status mci_train_config_of_text(mc_str text, mc_train_config **out, mc_error *err)
{
    mc_train_config *config = NULL;
    MC_TRY(new_config(&config, err));
    return end_config(config, take_text(config, text, err), out);
}

void mc_train_config_free(mc_train_config *config)
{
    if (!config)
        return;
    mci_arena_release(&config->arena);
    mci_free(config);
}

/* ---- to JSON ---- */

static mc_status put_words(const mci_words *words, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_buf_byte(out, '[', err));
    for (size_t i = 0; i < words->n; i++) {
        if (i)
            MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_json_add_string(out, mc_str_of(words->items[i]), err));
    }
    return mci_buf_byte(out, ']', err);
}

/* With the fewest digits that give the same number. */
static mc_status put_real(double value, mci_buf *out, mc_error *err)
{
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return mci_buf_add(out, mc_str_of(text), err);
}

static mc_status put_field(const mc_train_config *config, const field *f, mci_buf *out,
                           mc_error *err)
{
    const void *place = const_place_of(config, f);
    MC_TRY(mci_buf_printf(out, err, "  \"%s\": ", f->name));
    switch (f->type) {
    case WORD:
        return mci_json_add_string(out, mc_str_of(*(const char *const *)place), err);
    case WORDS:
        return put_words(place, out, err);
    case BOOL:
        return mci_buf_printf(out, err, "%s", *(const bool *)place ? "true" : "false");
    case U64:
        return mci_buf_printf(out, err, "%" PRIu64, *(const uint64_t *)place);
    default:
        return put_real(*(const double *)place, out, err);
    }
}

static mc_status put_all(const mc_train_config *config, bool deciding_only, mci_buf *out,
                         mc_error *err)
{
    const char *between = "{\n";
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (deciding_only && !fields[i].decides)
            continue;
        MC_TRY(mci_buf_add(out, mc_str_of(between), err));
        MC_TRY(put_field(config, &fields[i], out, err));
        between = ",\n";
    }
    return mci_buf_add(out, mc_str_of("\n}\n"), err);
}

mc_status mci_train_config_identity(const mc_train_config *config, mci_buf *out, mc_error *err)
{
    return put_all(config, true, out, err);
}

mc_status mc_train_config_json(const mc_train_config *config, char **out, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = put_all(config, false, &text, err);
    if (status >= 0)
        status = mci_buf_terminate(&text, err);
    if (status < 0)
        mci_buf_release(&text);
    else
        *out = text.data;
    return status;
}
