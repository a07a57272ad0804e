#include "io/json_write.h"

#include "base/json_text.h"

/* Recursion is bounded: mci_json_parse refuses what is nested deeper than 1000. */
static mc_status write_elements(mci_json_value value, bool has_keys, mci_buf *out, mc_error *err)
{
    mc_str key;
    mci_json_value element;
    bool is_first = true;
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, &key, &element);) {
        if (!is_first)
            MC_TRY(mci_buf_byte(out, ',', err));
        is_first = false;
        if (has_keys) {
            MC_TRY(mci_json_add_string(out, key, err));
            MC_TRY(mci_buf_byte(out, ':', err));
        }
        MC_TRY(mci_json_write(element, out, err));
    }
    return MC_OK;
}

static mc_status write_number(mci_json_value value, mci_buf *out, mc_error *err)
{
    char digits[MCI_JSON_NUMBER_BYTES];
    return mci_buf_append(out, digits, mci_json_number_text(value, digits), err);
}

mc_status mci_json_write(mci_json_value value, mci_buf *out, mc_error *err)
{
    switch (mci_json_type_of(value)) {
    case MCI_JSON_NULL:
        break;
    case MCI_JSON_BOOL:
        return mci_buf_add(out, mc_str_of(mci_json_bool(value) ? "true" : "false"), err);
    case MCI_JSON_NUMBER:
        return write_number(value, out, err);
    case MCI_JSON_STRING:
        return mci_json_add_string(out, mci_json_string(value), err);
    case MCI_JSON_ARRAY:
        MC_TRY(mci_buf_byte(out, '[', err));
        MC_TRY(write_elements(value, false, out, err));
        return mci_buf_byte(out, ']', err);
    case MCI_JSON_OBJECT:
        MC_TRY(mci_buf_byte(out, '{', err));
        MC_TRY(write_elements(value, true, out, err));
        return mci_buf_byte(out, '}', err);
    }
    return mci_buf_add(out, mc_str_of("null"), err);
}
