/* An archive is read from its end, where the directory is:
 *
 *   local header, name, extra, BYTES | ... | directory | [zip64 end, locator] | end, comment
 *
 * What the directory says of an entry is believed only as far as the local header and the length of
 * the archive agree. */
#include "io/zip.h"

#include <stdlib.h>

#include "base/alloc.h"

enum {
    LOCAL_BYTES = 30,
    CENTRAL_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    MAX_COMMENT = 65535,
    ENCRYPTED = 1
};

#define LOCAL_MARK   0x04034b50u
#define CENTRAL_MARK 0x02014b50u
#define END_MARK     0x06054b50u
#define END64_MARK   0x06064b50u
#define LOCATOR_MARK 0x07064b50u

static uint64_t number(const char *at, size_t n_bytes)
{
    uint64_t value = 0;
    for (size_t i = n_bytes; i-- > 0;)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

bool mci_zip_is(mc_str start)
{
    return start.len >= 4 && number(start.data, 4) == LOCAL_MARK;
}

static mc_status damaged(mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_FORMAT, "the zip archive is damaged: %s", what);
}

/* ---- the end ---- */

typedef struct {
    uint64_t n_entries, n_bytes, at; /* the directory */
} directory;

/* The last place where an end of an archive can be, with its comment reaching the archive's end. */
static bool find_end(mc_str archive, size_t *at)
{
    if (archive.len < END_BYTES)
        return false;
    size_t last = archive.len - END_BYTES, first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
    for (*at = last + 1; (*at)-- > first;) {
        const char *end = archive.data + *at;
        if (number(end, 4) == END_MARK && number(end + 20, 2) == last - *at)
            return true;
    }
    return false;
}

static mc_status read_end64(mc_str archive, size_t end, directory *out, mc_error *err)
{
    const char *locator = archive.data + end - LOCATOR_BYTES;
    uint64_t at = number(locator + 8, 8);
    if (at > end - LOCATOR_BYTES || end - LOCATOR_BYTES - at < END64_BYTES ||
        number(archive.data + at, 4) != END64_MARK)
        return damaged(err, "its zip64 end is not where it should be");
    const char *end64 = archive.data + at;
    *out = (directory){ number(end64 + 32, 8), number(end64 + 40, 8), number(end64 + 48, 8) };
    return MC_OK;
}

static mc_status read_end(mc_str archive, directory *out, mc_error *err)
{
    size_t at = 0;
    if (!find_end(archive, &at))
        return damaged(err, "its end is missing; was the file cut short?");
    const char *end = archive.data + at;
    if (at >= LOCATOR_BYTES && number(end - LOCATOR_BYTES, 4) == LOCATOR_MARK)
        MC_TRY(read_end64(archive, at, out, err));
    else
        *out = (directory){ number(end + 10, 2), number(end + 12, 4), number(end + 16, 4) };
    if (out->at > at || out->n_bytes > at - out->at ||
        out->n_entries > out->n_bytes / CENTRAL_BYTES)
        return damaged(err, "its directory does not fit in");
    return MC_OK;
}

/* ---- the entries ---- */

typedef struct {
    uint64_t packed, size, at;
} extent;

/* Takes from the zip64 extra field what the directory had no room for. */
static bool take_extra(mc_str extra, extent *e)
{
    while (extra.len >= 4) {
        size_t id = number(extra.data, 2), len = number(extra.data + 2, 2);
        const char *at = extra.data + 4, *end = at + len;
        if (len > extra.len - 4)
            return false;
        uint64_t *wanted[] = { &e->size, &e->packed, &e->at };
        for (size_t i = 0; id == 1 && i < 3; i++) {
            if (*wanted[i] != UINT32_MAX)
                continue;
            if (end - at < 8)
                return false;
            *wanted[i] = number(at, 8);
            at += 8;
        }
        extra = (mc_str){ end, extra.len - 4 - len };
    }
    return true;
}

/* Where the bytes of an entry are, by its local header; `limit` is where the directory begins. */
static mc_status locate(mc_str archive, uint64_t limit, extent e, mci_zip_entry *entry,
                        mc_error *err)
{
    if (e.at > limit || limit - e.at < LOCAL_BYTES || number(archive.data + e.at, 4) != LOCAL_MARK)
        return damaged(err, "an entry is not where its directory says");
    const char *local = archive.data + e.at;
    size_t name = number(local + 26, 2), extra = number(local + 28, 2);
    uint64_t room = limit - e.at - LOCAL_BYTES;
    if (room < name + extra || room - name - extra < e.packed)
        return damaged(err, "an entry is longer than the archive");
    if (!mc_str_equal((mc_str){ local + LOCAL_BYTES, name }, entry->name))
        return damaged(err, "an entry has one name in its directory and another in its place");
    entry->bytes = (mc_str){ local + LOCAL_BYTES + name + extra, (size_t)e.packed };
    return MC_OK;
}

/* Reads the directory's entry at `at` and moves behind it. */
static mc_status read_entry(mc_str archive, const directory *dir, uint64_t *at,
                            mci_zip_entry *entry, mc_error *err)
{
    uint64_t left = dir->at + dir->n_bytes - *at;
    const char *central = archive.data + *at;
    if (left < CENTRAL_BYTES || number(central, 4) != CENTRAL_MARK)
        return damaged(err, "its directory is");
    size_t name = number(central + 28, 2), extra = number(central + 30, 2);
    size_t whole = CENTRAL_BYTES + name + extra + number(central + 32, 2);
    if (left < whole)
        return damaged(err, "its directory is cut short");
    entry->name = (mc_str){ central + CENTRAL_BYTES, name };
    int shown = name < 200 ? (int)name : 200;
    if (number(central + 8, 2) & ENCRYPTED)
        return mc_fail(err, MC_E_FORMAT, "%.*s is encrypted", shown, entry->name.data);
    extent e = { number(central + 20, 4), number(central + 24, 4), number(central + 42, 4) };
    if (!take_extra((mc_str){ central + CENTRAL_BYTES + name, extra }, &e))
        return damaged(err, "an extra field is cut short");
    entry->is_compressed = number(central + 10, 2) != 0;
    if (!entry->is_compressed && e.packed != e.size)
        return damaged(err, "an entry is as long as it is not");
    *at += whole;
    return locate(archive, dir->at, e, entry, err);
}

static int by_place(const void *a, const void *b)
{
    const mci_zip_entry *x = a, *y = b;
    return x->bytes.data != y->bytes.data
               ? (x->bytes.data < y->bytes.data ? -1 : 1)
               : (x->bytes.len > y->bytes.len) - (x->bytes.len < y->bytes.len);
}

static int compare_names(mc_str a, mc_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *a, const void *b)
{
    return compare_names(((const mci_zip_entry *)a)->name, ((const mci_zip_entry *)b)->name);
}

static mc_status check_entries(mci_zip *zip, mc_error *err)
{
    if (zip->n == 0)
        return MC_OK;
    qsort(zip->entries, zip->n, sizeof *zip->entries, by_place);
    for (size_t i = 1; i < zip->n; i++) {
        const mci_zip_entry *one = &zip->entries[i - 1], *next = &zip->entries[i];
        /* The next one's local header lies before its bytes, too. */
        size_t gap = (size_t)(next->bytes.data - one->bytes.data);
        if (gap < one->bytes.len || gap - one->bytes.len < LOCAL_BYTES + next->name.len)
            return damaged(err, "two entries lie in one place");
    }
    qsort(zip->entries, zip->n, sizeof *zip->entries, by_name);
    for (size_t i = 1; i < zip->n; i++)
        if (by_name(&zip->entries[i - 1], &zip->entries[i]) == 0)
            return damaged(err, "two entries have one name");
    return MC_OK;
}

mc_status mci_zip_parse(mc_str archive, mci_zip *out, mc_error *err)
{
    directory dir = { 0 };
    mci_zip zip = { 0 };
    MC_TRY(read_end(archive, &dir, err));
    zip.entries = mci_alloc_zeroed(dir.n_entries, sizeof *zip.entries);
    if (!zip.entries)
        return mci_nomem(err, dir.n_entries * sizeof *zip.entries);
    mc_status status = MC_OK;
    uint64_t at = dir.at;
    for (; status >= 0 && zip.n < dir.n_entries; zip.n++)
        status = read_entry(archive, &dir, &at, &zip.entries[zip.n], err);
    if (status >= 0)
        status = check_entries(&zip, err);
    if (status < 0)
        mci_zip_release(&zip);
    else
        *out = zip;
    return status;
}

void mci_zip_release(mci_zip *zip)
{
    mci_free(zip->entries);
    *zip = (mci_zip){ 0 };
}

const mci_zip_entry *mci_zip_find(const mci_zip *zip, mc_str name)
{
    mci_zip_entry key = { .name = name };
    return zip->n ? bsearch(&key, zip->entries, zip->n, sizeof key, by_name) : NULL;
}
