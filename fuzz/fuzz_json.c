/* Any bytes: no crash; what is taken can be walked, and is taken in the same way again. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "io/json.h"

static uint64_t walk(mci_json_value value)
{
    uint64_t whole = 0, sum = (uint64_t)mci_json_type_of(value) + 1;
    double real = 0;
    mc_str text = mci_json_string(value), key;
    if (text.len && !mci_utf8_valid(text))
        abort();
    if (mci_json_u64(value, &whole) && !mci_json_double(value, &real))
        abort();
    sum = sum * 31 + whole + text.len + mci_json_bool(value);
    mci_json_value element, found;
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, &key, &element);) {
        if (key.len && !mci_utf8_valid(key))
            abort();
        sum = sum * 31 + key.len + walk(element);
    }
    if (mci_json_get(value, "a", &found))
        sum += found.index;
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_json *json = NULL;
    if (mci_json_new(&json, NULL) != MC_OK)
        return 0;
    mc_str text = { (const char *)data, size };
    mci_json_value root;
    mc_error err = { 0 };
    uint64_t n[2] = { 0, 0 }, sum[2] = { 0, 0 };
    for (int i = 0; i < 2; i++) {
        mc_status status = mci_json_parse(json, text, &root, &n[i], &err);
        if (status == MC_OK)
            sum[i] = walk(root);
        else if (status != MC_SKIPPED || !err.text[0])
            abort();
    }
    if (n[0] != n[1] || sum[0] != sum[1])
        abort();
    mci_json_free(json);
    return 0;
}
