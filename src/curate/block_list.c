#include "curate/block_list.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "curate/key_table.h"

enum { FIRST_LINE_BYTES = 1024, MAX_LINE_BYTES = 1 << 20 };

struct mci_block_list {
    mci_key_table tables[MCI_N_BLOCK_KINDS];
    char sha256[MC_SHA256_DIGITS + 1];
};

static mci_hash128 key_of(mci_block_kind kind, mc_str item)
{
    return mci_hash128_pair(mc_str_of(mci_block_kind_name(kind)), item);
}

/* ---- reading ---- */

static mc_status add_line(mci_block_list *list, mc_str line, mc_error *err)
{
    mci_block_item item;
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    mc_status status = mci_block_line_parse(line, &item, err);
    if (status != MC_OK)
        return status < 0 ? status : MC_OK;
    return mci_key_table_add(&list->tables[item.kind], key_of(item.kind, item.text), err);
}

/* The next line without its LF; MC_END behind the last one. *step: its bytes in the stream. */
static mc_status next_line(mci_stream *stream, mc_str *line, size_t *step, mc_error *err)
{
    for (size_t want = FIRST_LINE_BYTES;; want *= 2) {
        mc_status status = mci_stream_peek(stream, want, line, err);
        if (status == MC_SKIPPED)
            return mc_add_context(err, MC_E_FORMAT, "damaged");
        if (status != MC_OK)
            return status;
        const char *end = memchr(line->data, '\n', line->len);
        *step = end ? (size_t)(end - line->data) + 1 : line->len;
        bool is_whole = end || line->len < want;
        if (end)
            line->len = (size_t)(end - line->data);
        if (line->len > MAX_LINE_BYTES)
            return mc_fail(err, MC_E_FORMAT, "longer than %d bytes", MAX_LINE_BYTES);
        if (is_whole)
            return MC_OK;
    }
}

/* A last line that cannot be understood may be what damage left of one: then that is what to say.
 */
static mc_status blame_damage(mci_stream *stream, mc_status status, mc_error *err)
{
    mc_str rest;
    mc_error damage = { 0 };
    if (mci_stream_peek(stream, 1, &rest, &damage) != MC_SKIPPED)
        return status;
    if (err)
        *err = damage;
    return mc_add_context(err, MC_E_FORMAT, "damaged");
}

static mc_status read_line(mci_block_list *list, mci_stream *stream, bool is_first, mc_error *err)
{
    mc_str line;
    size_t step = 0;
    mc_status status = next_line(stream, &line, &step, err);
    if (status != MC_OK)
        return status;
    bool is_ended = step > line.len;
    if (is_first && line.len >= 3 && memcmp(line.data, "\xEF\xBB\xBF", 3) == 0)
        line = (mc_str){ line.data + 3, line.len - 3 };
    status = add_line(list, line, err);
    mci_stream_skip(stream, step);
    return status == MC_E_FORMAT && !is_ended ? blame_damage(stream, status, err) : status;
}

static mc_status add_lines(mci_block_list *list, mci_stream *stream, mc_error *err)
{
    mc_status status = MC_OK;
    uint64_t n = 0;
    while (status == MC_OK)
        status = read_line(list, stream, ++n == 1, err);
    if (status == MC_E_FORMAT)
        return mc_add_context(err, status, "line %" PRIu64, n);
    return status == MC_END ? MC_OK : status;
}

static mc_status add_file(mci_block_list *list, const char *path, mc_error *err)
{
    mci_stream *stream = NULL;
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = add_lines(list, stream, err);
    mci_stream_close(stream);
    if (status < 0 && status != MC_E_IO) /* that one names the path already */
        mc_add_context(err, status, "%s", path);
    return status;
}

/* ---- the hash of all ---- */

static void put_big_endian(uint64_t value, unsigned char out[8])
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        out[i] = (unsigned char)value;
}

static mc_status hash_table(const mci_key_table *table, mci_sha256 *sha, mc_error *err)
{
    unsigned char bytes[4096];
    size_t len = 0;
    for (size_t i = 0; i < table->n; i++) {
        put_big_endian(table->keys[i].high, bytes + len);
        put_big_endian(table->keys[i].low, bytes + len + 8);
        len += 16;
        if (len < sizeof bytes && i + 1 < table->n)
            continue;
        MC_TRY(mci_sha256_add(sha, (mc_str){ (const char *)bytes, len }, err));
        len = 0;
    }
    return MC_OK;
}

static mc_status seal(mci_block_list *list, mc_error *err)
{
    mci_sha256 *sha = NULL;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = MC_OK;
    for (int kind = 0; kind < MCI_N_BLOCK_KINDS && status >= 0; kind++) {
        status = mci_key_table_seal(&list->tables[kind], err);
        if (status >= 0)
            status = hash_table(&list->tables[kind], sha, err);
    }
    if (status >= 0)
        status = mci_sha256_end(sha, list->sha256, err);
    mci_sha256_free(sha);
    return status;
}

/* ---- making ---- */

/* Hands the list over if all went well. */
static mc_status finish(mci_block_list *list, mc_status status, mci_block_list **out, mc_error *err)
{
    if (status >= 0)
        status = seal(list, err);
    if (status < 0)
        mci_block_list_free(list);
    else
        *out = list;
    return status;
}

mc_status mci_block_list_load(const char *const *paths, size_t n, mci_block_list **out,
                              mc_error *err)
{
    mc_status status = MC_OK;
    if (n == 0) {
        *out = NULL;
        return MC_OK;
    }
    mci_block_list *list = mci_alloc_zeroed(1, sizeof *list);
    if (!list)
        return mci_nomem(err, sizeof *list);
    for (size_t i = 0; i < n && status >= 0; i++)
        status = add_file(list, paths[i], err);
    return finish(list, status, out, err);
}

mc_status mci_block_list_parse(mci_stream *stream, mci_block_list **out, mc_error *err)
{
    mci_block_list *list = mci_alloc_zeroed(1, sizeof *list);
    if (!list)
        return mci_nomem(err, sizeof *list);
    return finish(list, add_lines(list, stream, err), out, err);
}

void mci_block_list_free(mci_block_list *list)
{
    if (!list)
        return;
    for (int kind = 0; kind < MCI_N_BLOCK_KINDS; kind++)
        mci_key_table_release(&list->tables[kind]);
    mci_free(list);
}

/* ---- asking ---- */

static bool has(const mci_block_list *list, mci_block_kind kind, mc_str item)
{
    const mci_key_table *table = &list->tables[kind];
    return item.len > 0 && table->n > 0 && mci_key_table_has(table, key_of(kind, item));
}

static bool has_host(const mci_block_list *list, mc_str url)
{
    mci_host host;
    if (list->tables[MCI_BLOCK_HOST].n == 0 || !mci_host_of_url(url, &host))
        return false;
    mc_str domain = { host.bytes, host.len };
    do {
        if (has(list, MCI_BLOCK_HOST, domain))
            return true;
    } while (!host.is_address && mci_domain_above(&domain));
    return false;
}

bool mci_block_list_has(const mci_block_list *list, const mc_record *record, mci_block_kind *kind)
{
    mci_block_kind found = MCI_N_BLOCK_KINDS;
    if (!list)
        return false;
    if (has(list, MCI_BLOCK_UUID, record->uuid))
        found = MCI_BLOCK_UUID;
    else if (has(list, MCI_BLOCK_URL, record->url))
        found = MCI_BLOCK_URL;
    else if (has_host(list, record->url))
        found = MCI_BLOCK_HOST;
    if (found < MCI_N_BLOCK_KINDS && kind)
        *kind = found;
    return found < MCI_N_BLOCK_KINDS;
}

uint64_t mci_block_list_len(const mci_block_list *list, mci_block_kind kind)
{
    return list ? list->tables[kind].n : 0;
}

const char *mci_block_list_sha256(const mci_block_list *list)
{
    return list ? list->sha256 : NULL;
}

void mci_summary_set_block_list(mc_summary *summary, const mci_block_list *list)
{
    if (!list)
        return;
    memcpy(summary->block.sha256, list->sha256, sizeof summary->block.sha256);
    summary->block.n_uuids = mci_block_list_len(list, MCI_BLOCK_UUID);
    summary->block.n_urls = mci_block_list_len(list, MCI_BLOCK_URL);
    summary->block.n_hosts = mci_block_list_len(list, MCI_BLOCK_HOST);
}
