#include "eval/phrases.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "io/whole.h"

static const uint64_t most_bytes = (uint64_t)64 << 20;

void mci_phrases_release(mci_phrases *p)
{
    mci_buf_release(&p->text);
    mci_free(p->ends);
    mci_free(p->groups);
    *p = (mci_phrases){ 0 };
}

void mci_phrases_clear(mci_phrases *p)
{
    mci_buf_clear(&p->text);
    p->n = p->n_groups = 0;
}

mc_status mci_phrases_add(mci_phrases *p, mc_str text, bool begins, mc_error *err)
{
    void *ends = p->ends, *groups = p->groups;
    MC_TRY(mci_grow(&ends, &p->cap_ends, p->n + 1, sizeof *p->ends, err));
    p->ends = ends;
    MC_TRY(mci_grow(&groups, &p->cap_groups, p->n + 1, sizeof *p->groups, err));
    p->groups = groups;
    MC_TRY(mci_buf_add(&p->text, text, err));
    p->n_groups += begins;
    p->ends[p->n] = p->text.len;
    p->groups[p->n++] = (uint32_t)(p->n_groups - 1);
    return MC_OK;
}

mc_str mci_phrases_get(const mci_phrases *p, size_t i)
{
    const size_t begin = i ? p->ends[i - 1] : 0;
    return (mc_str){ p->text.data + begin, p->ends[i] - begin };
}

mc_status mci_phrases_lines(mci_phrases *p, mc_str text, mc_error *err)
{
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        const size_t n = end ? (size_t)(end - text.data) : text.len, step = end ? n + 1 : n;
        mc_str line = mci_trim_space((mc_str){ text.data, n });
        if (line.len > 0)
            MC_TRY(mci_phrases_add(p, line, true, err));
        text = (mc_str){ text.data + step, text.len - step };
    }
    return MC_OK;
}

/* ---- JSON ---- */

static mc_status add_group(mci_phrases *p, mci_json_value group, mc_error *err)
{
    mci_json_value name;
    bool begins = true;
    for (mci_json_iter it = mci_json_iterate(group); mci_json_next(&it, NULL, &name);) {
        if (mci_json_type_of(name) != MCI_JSON_STRING)
            return mc_fail(err, MC_E_FORMAT, "element %zu holds something that is no string",
                           p->n_groups);
        MC_TRY(mci_phrases_add(p, mci_json_string(name), begins, err));
        begins = false;
    }
    return begins ? mc_fail(err, MC_E_FORMAT, "element %zu is empty", p->n_groups) : MC_OK;
}

static mc_status add_array(mci_phrases *p, mci_json_value array, mc_error *err)
{
    mci_json_value element;
    if (mci_json_type_of(array) != MCI_JSON_ARRAY)
        return mc_fail(err, MC_E_FORMAT, "want an array of strings");
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &element);) {
        const mci_json_type type = mci_json_type_of(element);
        if (type == MCI_JSON_STRING)
            MC_TRY(mci_phrases_add(p, mci_json_string(element), true, err));
        else if (type == MCI_JSON_ARRAY)
            MC_TRY(add_group(p, element, err));
        else
            return mc_fail(err, MC_E_FORMAT, "element %zu is neither a string nor an array",
                           p->n_groups);
    }
    return MC_OK;
}

static mc_status add_json(mci_phrases *p, mc_str text, const char *set, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_parse_whole(text, &json, &root, err);
    if (status >= 0 && mci_json_type_of(root) == MCI_JSON_OBJECT && !mci_json_get(root, set, &root))
        status = mc_fail(err, MC_E_FORMAT, "it has nothing under the name \"%s\"", set);
    if (status >= 0)
        status = add_array(p, root, err);
    mci_json_free(json);
    return status;
}

/* A template may begin with its place. */
static bool looks_like_json(mc_str text)
{
    text = mci_trim_space(text);
    return text.len > 1 && (text.data[0] == '[' ||
                            (text.data[0] == '{' && text.data[1] != '}' && text.data[1] != 'c'));
}

mc_status mci_phrases_load(mci_phrases *p, const char *path, const char *set, mc_error *err)
{
    mci_buf bytes = { 0 };
    mci_phrases_clear(p);
    mc_status status = mci_read_whole(path, most_bytes, &bytes, err);
    if (status < 0)
        goto done; /* names the path */
    mc_str text = mci_buf_str(&bytes);
    if (text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        text = (mc_str){ text.data + 3, text.len - 3 };
    if (!mci_utf8_valid(text)) {
        status = mc_fail(err, MC_E_FORMAT, "%s: not UTF-8", path);
        goto done;
    }
    status = looks_like_json(text) ? add_json(p, text, set, err) : mci_phrases_lines(p, text, err);
    if (status >= 0 && p->n == 0)
        status = mc_fail(err, MC_E_FORMAT, "there is not a line in it");
    if (status < 0)
        mc_add_context(err, status, "%s", path);
done:
    mci_buf_release(&bytes);
    return status;
}
