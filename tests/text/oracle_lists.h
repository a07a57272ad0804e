/* Reading the reference implementation's lists and results (JSON), where they are. */
#ifndef METACLIP_ORACLE_LISTS_H
#define METACLIP_ORACLE_LISTS_H

#include "io/json.h"
#include "test.h"

/* Skips the test if the file is not there. */
static inline mci_json *parse_oracle(const char *name, mci_json_value *root)
{
    size_t len = 0;
    mc_error err = { 0 };
    mci_json *json = NULL;
    char *data = test_read_file(test_path("METACLIP_SHARED", name), &len);
    if (!data)
        skip();
    assert_ok(mci_json_new(&json, &err), err);
    assert_ok(mci_json_parse(json, (mc_str){ data, len }, root, NULL, &err), err);
    free(data);
    return json;
}

/* *out is freed by the caller; its strings live in the parsed document. */
static inline size_t strings_of(mci_json_value root, mc_str **out)
{
    size_t n = 0;
    mci_json_value element;
    mc_str *strings = NULL;
    for (mci_json_iter it = mci_json_iterate(root); mci_json_next(&it, NULL, &element); n++) {
        if ((n & (n - 1)) == 0)
            strings = realloc(strings, (n ? 2 * n : 1) * sizeof *strings);
        strings[n] = mci_json_string(element);
    }
    *out = strings;
    return n;
}

static inline void assert_ids(mci_json_value want, const uint32_t *ids, size_t n)
{
    size_t i = 0;
    uint64_t id;
    mci_json_value element;
    for (mci_json_iter it = mci_json_iterate(want); mci_json_next(&it, NULL, &element); i++) {
        assert_true(i < n && mci_json_u64(element, &id));
        assert_int_equal(ids[i], id);
    }
    assert_int_equal(i, n);
}

#endif
