/* How many texts of each language there are. */
#include <stdlib.h>

#include "base/json_text.h"
#include "curate/languages.h"

/* The language's place, made if there is none and room for it; else that of all others. */
static mc_language_count *place_of(mc_language_counts *counts, mc_str code)
{
    for (size_t i = 0; i < counts->n; i++)
        if (mc_str_equal(mc_str_of(counts->of[i].code), code))
            return &counts->of[i];
    if (counts->n == MC_MAX_LANGUAGE_COUNTS || code.len >= sizeof counts->of[0].code)
        return &counts->others;
    mc_language_count *place = &counts->of[counts->n++];
    *place = (mc_language_count){ .kept = 0 };
    if (code.len)
        memcpy(place->code, code.data, code.len);
    return place;
}

void mci_language_count(mc_language_counts *counts, mc_str code, bool is_kept)
{
    mc_language_count *place = place_of(counts, code);
    place->kept += is_kept;
    place->dropped += !is_kept;
}

void mci_language_uncount(mc_language_counts *counts, mc_str code)
{
    mc_language_count *place = place_of(counts, code);
    place->kept--;
    place->dropped++;
}

static void add(mc_language_count *to, const mc_language_count *more)
{
    to->kept += more->kept;
    to->dropped += more->dropped;
}

void mci_language_counts_add(mc_language_counts *to, const mc_language_counts *more)
{
    for (size_t i = 0; i < more->n; i++)
        add(place_of(to, mc_str_of(more->of[i].code)), &more->of[i]);
    add(&to->others, &more->others);
}

/* ---- as JSON ---- */

static int by_code(const void *a, const void *b)
{
    const mc_language_count *const *x = a, *const *y = b;
    return strcmp((*x)->code, (*y)->code);
}

static mc_status write_count(const mc_language_count *count, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_json_add_string(out, mc_str_of(count->code), err));
    return mci_buf_printf(out, err, ":{\"kept\":%llu,\"dropped\":%llu}",
                          (unsigned long long)count->kept, (unsigned long long)count->dropped);
}

mc_status mci_language_counts_write(const mc_language_counts *counts, mci_buf *out, mc_error *err)
{
    const mc_language_count *sorted[MC_MAX_LANGUAGE_COUNTS + 1];
    size_t n = 0;
    for (; n < counts->n; n++)
        sorted[n] = &counts->of[n];
    if (counts->others.kept || counts->others.dropped)
        sorted[n++] = &counts->others; /* whose code is empty */
    qsort(sorted, n, sizeof(mc_language_count *), by_code);
    MC_TRY(mci_buf_byte(out, '{', err));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(write_count(sorted[i], out, err));
    }
    return mci_buf_byte(out, '}', err);
}

static uint64_t number_of(mci_json_value object, const char *name)
{
    uint64_t number = 0;
    mci_json_value member;
    if (mci_json_get(object, name, &member))
        mci_json_u64(member, &number);
    return number;
}

void mci_language_counts_read(mci_json_value object, mc_language_counts *counts)
{
    mc_str code;
    mci_json_value member;
    for (mci_json_iter it = mci_json_iterate(object); mci_json_next(&it, &code, &member);) {
        mc_language_count *place = code.len ? place_of(counts, code) : &counts->others;
        place->kept += number_of(member, "kept");
        place->dropped += number_of(member, "dropped");
    }
}
