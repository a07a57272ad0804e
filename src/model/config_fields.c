#include "model/config_fields.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

mc_status mci_config_wrong(const mci_config_part *part, const char *key, mc_error *err,
                           const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mc_fail(err, MC_E_FORMAT, "%s%s%s: %s", part->name, part->name[0] ? "." : "", key, text);
}

void mci_config_warn(const mci_config_hooks *hooks, const char *format, ...)
{
    char text[500];
    if (!hooks || !hooks->warn)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hooks->warn(hooks->user, text);
}

bool mci_config_member(const mci_config_part *part, const char *key, mci_json_value *out)
{
    return part->is_there && mci_json_get(part->value, key, out) &&
           mci_json_type_of(*out) != MCI_JSON_NULL;
}

mc_status mci_config_part_of(const mci_config_part *from, const char *key, mci_config_part *out,
                             mc_error *err)
{
    mci_json_value value;
    *out = (mci_config_part){ .name = key };
    if (!mci_config_member(from, key, &value))
        return MC_OK;
    if (mci_json_type_of(value) != MCI_JSON_OBJECT)
        return mci_config_wrong(from, key, err, "want an object");
    out->value = value;
    out->is_there = true;
    return MC_OK;
}

static bool is_u32(mci_json_value value, uint32_t *out)
{
    uint64_t whole;
    double real;
    if (!mci_json_u64(value, &whole)) { /* 224.0 is 224 */
        if (!mci_json_double(value, &real) || real < 0 || real > UINT32_MAX || floor(real) != real)
            return false;
        whole = (uint64_t)real;
    }
    if (whole > UINT32_MAX)
        return false;
    *out = (uint32_t)whole;
    return true;
}

mc_status mci_config_u32(const mci_config_part *part, const char *key, uint32_t fallback,
                         uint32_t *out, mc_error *err)
{
    mci_json_value value;
    *out = fallback;
    if (!mci_config_member(part, key, &value) || is_u32(value, out))
        return MC_OK;
    return mci_config_wrong(part, key, err, "want a whole number");
}

mc_status mci_config_side(const mci_config_part *part, const char *key, uint32_t fallback,
                          uint32_t *out, mc_error *err)
{
    mci_json_value value, element;
    uint32_t sides[2];
    size_t n = 0;
    *out = fallback;
    if (!mci_config_member(part, key, &value) || is_u32(value, out))
        return MC_OK;
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, NULL, &element); n++)
        if (mci_json_type_of(value) != MCI_JSON_ARRAY || n == 2 || !is_u32(element, &sides[n]))
            return mci_config_wrong(part, key, err, "want a whole number, or two equal ones");
    if (n == 0 || (n == 2 && sides[0] != sides[1]))
        return mci_config_wrong(part, key, err,
                                "want a square: one whole number, or two equal ones");
    *out = sides[0];
    return MC_OK;
}

mc_status mci_config_double(const mci_config_part *part, const char *key, double fallback,
                            double *out, mc_error *err)
{
    mci_json_value value;
    *out = fallback;
    if (!mci_config_member(part, key, &value) || mci_json_double(value, out))
        return MC_OK;
    return mci_config_wrong(part, key, err, "want a number");
}

mc_status mci_config_bool(const mci_config_part *part, const char *key, bool fallback, bool *out,
                          mc_error *err)
{
    mci_json_value value;
    *out = fallback;
    if (!mci_config_member(part, key, &value))
        return MC_OK;
    if (mci_json_type_of(value) != MCI_JSON_BOOL)
        return mci_config_wrong(part, key, err, "want true or false");
    *out = mci_json_bool(value);
    return MC_OK;
}

mc_status mci_config_text(const mci_config_part *part, const char *key, const char *fallback,
                          mc_str *out, mc_error *err)
{
    mci_json_value value;
    *out = mc_str_of(fallback);
    if (!mci_config_member(part, key, &value))
        return MC_OK;
    if (mci_json_type_of(value) != MCI_JSON_STRING)
        return mci_config_wrong(part, key, err, "want a text");
    *out = mci_json_string(value);
    return MC_OK;
}

mc_status mci_config_triple(const mci_config_part *part, const char *key, float out[3],
                            mc_error *err)
{
    mci_json_value value, element;
    double numbers[3];
    size_t n = 0;
    if (!mci_config_member(part, key, &value))
        return MC_OK;
    bool is_good = mci_json_type_of(value) == MCI_JSON_ARRAY;
    for (mci_json_iter it = mci_json_iterate(value); is_good && mci_json_next(&it, NULL, &element);
         n++)
        is_good = n < 3 && mci_json_double(element, &numbers[n]) && fabs(numbers[n]) < 1e9;
    if (!is_good || n != 3)
        return mci_config_wrong(part, key, err, "want three numbers: red, green, blue");
    for (size_t i = 0; i < 3; i++)
        out[i] = (float)numbers[i];
    return MC_OK;
}

/* ---- what a model must not have ---- */

static bool is_off(mci_json_value value)
{
    double number;
    mci_json_value element;
    mci_json_iter it = mci_json_iterate(value);
    switch (mci_json_type_of(value)) {
    case MCI_JSON_NULL:
        return true;
    case MCI_JSON_BOOL:
        return !mci_json_bool(value);
    case MCI_JSON_NUMBER:
        return mci_json_double(value, &number) && number == 0;
    case MCI_JSON_STRING:
        return mci_json_string(value).len == 0;
    case MCI_JSON_ARRAY:
    case MCI_JSON_OBJECT:
        break;
    }
    return !mci_json_next(&it, NULL, &element);
}

mc_status mci_config_refuse(const mci_config_part *part, const mci_config_refusal *list, size_t n,
                            mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        mci_json_value value;
        if (!mci_config_member(part, list[i].key, &value) || is_off(value))
            continue;
        if (list[i].only && mc_str_equal(mci_json_string(value), mc_str_of(list[i].only)))
            continue;
        return mci_config_wrong(part, list[i].key, err,
                                "%s; what is taken are CLIP models of two plain transformers",
                                list[i].why);
    }
    return MC_OK;
}

static bool is_among(mc_str key, const char *const *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mc_str_equal(key, mc_str_of(known[i])))
            return true;
    return false;
}

void mci_config_warn_unknown(const mci_config_part *part, const char *const *known, size_t n_known,
                             const mci_config_refusal *list, size_t n,
                             const mci_config_hooks *hooks)
{
    mc_str key;
    mci_json_value value;
    if (!part->is_there)
        return;
    for (mci_json_iter it = mci_json_iterate(part->value); mci_json_next(&it, &key, &value);) {
        bool is_known = is_among(key, known, n_known);
        for (size_t i = 0; i < n && !is_known; i++)
            is_known = mc_str_equal(key, mc_str_of(list[i].key));
        if (!is_known && !is_off(value))
            mci_config_warn(hooks, "%s.%.*s is not known here and is passed over", part->name,
                            key.len < 100 ? (int)key.len : 100, key.data);
    }
}
