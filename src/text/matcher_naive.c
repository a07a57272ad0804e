#include "text/matcher_naive.h"

#include "text/spacing.h"
#include "text/worldwide.h"

/* " " + entry + " " stands at `at`, the space in front of it. */
static bool stands_at(mc_str entry, const char *at)
{
    return at[0] == ' ' && (entry.len == 0 || memcmp(at + 1, entry.data, entry.len) == 0) &&
           at[entry.len + 1] == ' ';
}

static bool holds(mc_str spaced, mc_str entry)
{
    for (size_t i = 0; entry.len <= spaced.len - 2 && i <= spaced.len - 2 - entry.len; i++) {
        if (stands_at(entry, spaced.data + i))
            return true;
    }
    return false;
}

mc_status mci_match_naive(const mc_str *entries, size_t n, mc_str text, uint32_t *ids,
                          size_t *n_ids, mc_error *err)
{
    mci_buf spaced = { 0 };
    mc_status status = mci_space_text(text, &spaced, err);
    if (status < 0)
        goto done;
    *n_ids = 0;
    for (size_t i = 0; i < n; i++) {
        if (holds(mci_buf_str(&spaced), entries[i]))
            ids[(*n_ids)++] = (uint32_t)i;
    }
done:
    mci_buf_release(&spaced);
    return status;
}

/* ---- the worldwide rule ---- */

static mc_status space_entry(mc_str entry, mci_buf *out, mc_error *err)
{
    mci_open_sides open = mci_entry_open_sides(entry);
    mci_buf_clear(out);
    if (!open.left)
        MC_TRY(mci_buf_byte(out, ' ', err));
    MC_TRY(mci_buf_add(out, entry, err));
    return open.right ? MC_OK : mci_buf_byte(out, ' ', err);
}

static bool stands_later(const mc_str *entries, size_t n, size_t i)
{
    size_t later = i + 1;
    while (later < n && !mc_str_equal(entries[later], entries[i]))
        later++;
    return later < n;
}

static mc_status match_spaced(const mc_str *entries, size_t n, mc_str spaced, mci_buf *pattern,
                              uint32_t *ids, size_t *n_ids, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        MC_TRY(space_entry(entries[i], pattern, err));
        if (memmem(spaced.data, spaced.len, pattern->data, pattern->len) &&
            !stands_later(entries, n, i))
            ids[(*n_ids)++] = (uint32_t)i;
    }
    return MC_OK;
}

mc_status mci_match_naive_worldwide(const mc_str *entries, size_t n, mc_str text, uint32_t *ids,
                                    size_t *n_ids, mc_error *err)
{
    mci_buf spaced = { 0 }, pattern = { 0 };
    *n_ids = 0;
    mc_status status = mci_space_text(text, &spaced, err);
    if (status >= 0)
        status = match_spaced(entries, n, mci_buf_str(&spaced), &pattern, ids, n_ids, err);
    mci_buf_release(&spaced);
    mci_buf_release(&pattern);
    return status;
}
