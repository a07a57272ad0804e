#include "text/matcher_naive.h"

#include "text/spacing.h"

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
