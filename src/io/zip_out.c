/* Entries are written as torch.save writes them: the checksum stands behind the bytes (flag bit 3),
 * and an extra field of id "FB" before them fills up to the next multiple of 64. Times are zero, so
 * that the same content is the same archive. */
#include <isa-l/crc.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "io/zip.h"

enum {
    LOCAL_BYTES = 30,
    FLAGS = 0x0808, /* checksum behind the bytes; names in UTF-8 */
    VERSION = 45,   /* zip64 */
    PADDING_ID = 0x4246,
    ZIP64_ID = 1
};

struct mci_zip_out {
    mci_output *output;
    mci_buf directory;
    mci_buf header; /* of the entry that is being written */
    uint64_t n_entries, at;
    uint64_t entry_at, entry_bytes, n_written;
    uint32_t crc;
    char name[256];
    size_t name_len;
};

mc_status mci_zip_out_new(mci_output *output, mci_zip_out **out, mc_error *err)
{
    mci_zip_out *zip = mci_alloc_zeroed(1, sizeof *zip);
    if (!zip)
        return mci_nomem(err, sizeof *zip);
    zip->output = output;
    *out = zip;
    return MC_OK;
}

void mci_zip_out_free(mci_zip_out *zip)
{
    if (!zip)
        return;
    mci_buf_release(&zip->directory);
    mci_buf_release(&zip->header);
    mci_free(zip);
}

static mc_status add_number(mci_buf *out, uint64_t value, size_t n_bytes, mc_error *err)
{
    char bytes[8];
    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = (char)(value >> 8 * i);
    return mci_buf_append(out, bytes, n_bytes, err);
}

/* Fields of a header, one after the other. */
typedef struct {
    uint64_t value;
    size_t n_bytes;
} field;

static mc_status add_fields(mci_buf *out, const field *fields, size_t n, mc_error *err)
{
    for (size_t i = 0; i < n; i++)
        MC_TRY(add_number(out, fields[i].value, fields[i].n_bytes, err));
    return MC_OK;
}

static mc_status put(mci_zip_out *zip, mc_str bytes, mc_error *err)
{
    MC_TRY(mci_output_write(zip->output, bytes, err));
    zip->at += bytes.len;
    return MC_OK;
}

static uint32_t or_more(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static bool is_large(const mci_zip_out *zip)
{
    return zip->entry_bytes >= UINT32_MAX;
}

/* The extra fields before the bytes: the sizes, if they are large, and the padding. */
static mc_status add_local_extra(mci_zip_out *zip, size_t padding, mc_error *err)
{
    if (is_large(zip)) {
        const field sizes[] = {
            { ZIP64_ID, 2 }, { 16, 2 }, { zip->entry_bytes, 8 }, { zip->entry_bytes, 8 }
        };
        MC_TRY(add_fields(&zip->header, sizes, COUNT_OF(sizes), err));
    }
    MC_TRY(add_number(&zip->header, PADDING_ID, 2, err));
    MC_TRY(add_number(&zip->header, padding, 2, err));
    for (size_t i = 0; i < padding; i++)
        MC_TRY(mci_buf_byte(&zip->header, 'Z', err));
    return MC_OK;
}

mc_status mci_zip_out_begin(mci_zip_out *zip, mc_str name, uint64_t n_bytes, mc_error *err)
{
    if (name.len >= sizeof zip->name)
        return mc_fail(err, MC_E_ARG, "a name of %zu bytes in a zip archive", name.len);
    memcpy(zip->name, name.data, name.len);
    zip->name_len = name.len;
    zip->entry_at = zip->at;
    zip->entry_bytes = n_bytes;
    zip->n_written = 0;
    zip->crc = 0;
    size_t extra = 4 + (is_large(zip) ? 20 : 0);
    uint64_t start = zip->at + LOCAL_BYTES + name.len + extra;
    size_t padding = (size_t)((MCI_ZIP_ALIGNMENT - start % MCI_ZIP_ALIGNMENT) % MCI_ZIP_ALIGNMENT);
    uint64_t size = is_large(zip) ? UINT32_MAX : 0;
    const field fields[] = {
        { 0x04034b50, 4 }, { VERSION, 2 }, { FLAGS, 2 }, { 0, 2 },        { 0, 4 },
        { 0, 4 },          { size, 4 },    { size, 4 },  { name.len, 2 }, { extra + padding, 2 }
    };
    mci_buf_clear(&zip->header);
    MC_TRY(add_fields(&zip->header, fields, COUNT_OF(fields), err));
    MC_TRY(mci_buf_add(&zip->header, name, err));
    MC_TRY(add_local_extra(zip, padding, err));
    return put(zip, mci_buf_str(&zip->header), err);
}

mc_status mci_zip_out_write(mci_zip_out *zip, mc_str bytes, mc_error *err)
{
    zip->crc = crc32_gzip_refl(zip->crc, (const unsigned char *)bytes.data, bytes.len);
    zip->n_written += bytes.len;
    return put(zip, bytes, err);
}

/* The entry's line in the directory. */
static mc_status add_to_directory(mci_zip_out *zip, mc_error *err)
{
    bool is_far = zip->entry_at >= UINT32_MAX;
    size_t extra = (is_large(zip) ? 16 : 0) + (is_far ? 8 : 0);
    const field fields[] = {
        { 0x02014b50, 4 },
        { VERSION, 2 },
        { VERSION, 2 },
        { FLAGS, 2 },
        { 0, 2 },
        { 0, 4 },
        { zip->crc, 4 },
        { or_more(zip->entry_bytes), 4 },
        { or_more(zip->entry_bytes), 4 },
        { zip->name_len, 2 },
        { extra ? extra + 4 : 0, 2 },
        { 0, 2 },
        { 0, 2 },
        { 0, 2 },
        { 0, 4 },
        { or_more(zip->entry_at), 4 },
    };
    MC_TRY(add_fields(&zip->directory, fields, COUNT_OF(fields), err));
    MC_TRY(mci_buf_append(&zip->directory, zip->name, zip->name_len, err));
    if (extra) {
        MC_TRY(add_number(&zip->directory, ZIP64_ID, 2, err));
        MC_TRY(add_number(&zip->directory, extra, 2, err));
    }
    for (int i = 0; is_large(zip) && i < 2; i++)
        MC_TRY(add_number(&zip->directory, zip->entry_bytes, 8, err));
    return is_far ? add_number(&zip->directory, zip->entry_at, 8, err) : MC_OK;
}

mc_status mci_zip_out_end(mci_zip_out *zip, mc_error *err)
{
    if (zip->n_written != zip->entry_bytes)
        return mc_fail(err, MC_E_ARG, "%.*s: not as many bytes as were announced",
                       (int)zip->name_len, zip->name);
    size_t size = is_large(zip) ? 8 : 4;
    const field fields[] = {
        { 0x08074b50, 4 }, { zip->crc, 4 }, { zip->entry_bytes, size }, { zip->entry_bytes, size }
    };
    mci_buf_clear(&zip->header);
    MC_TRY(add_fields(&zip->header, fields, COUNT_OF(fields), err));
    MC_TRY(put(zip, mci_buf_str(&zip->header), err));
    zip->n_entries++;
    return add_to_directory(zip, err);
}

mc_status mci_zip_out_entry(mci_zip_out *zip, mc_str name, mc_str bytes, mc_error *err)
{
    MC_TRY(mci_zip_out_begin(zip, name, bytes.len, err));
    MC_TRY(mci_zip_out_write(zip, bytes, err));
    return mci_zip_out_end(zip, err);
}

mc_status mci_zip_out_finish(mci_zip_out *zip, mc_error *err)
{
    uint64_t at = zip->at, n = zip->n_entries, n_bytes = zip->directory.len;
    MC_TRY(put(zip, mci_buf_str(&zip->directory), err));
    const field end[] = {
        { 0x06064b50, 4 },
        { 44, 8 },
        { VERSION, 2 },
        { VERSION, 2 },
        { 0, 4 },
        { 0, 4 },
        { n, 8 },
        { n, 8 },
        { n_bytes, 8 },
        { at, 8 },
        { 0x07064b50, 4 },
        { 0, 4 },
        { zip->at, 8 },
        { 1, 4 },
        { 0x06054b50, 4 },
        { 0, 2 },
        { 0, 2 },
        { n < 65535 ? n : 65535, 2 },
        { n < 65535 ? n : 65535, 2 },
        { or_more(n_bytes), 4 },
        { or_more(at), 4 },
        { 0, 2 },
    };
    mci_buf_clear(&zip->header);
    MC_TRY(add_fields(&zip->header, end, COUNT_OF(end), err));
    return put(zip, mci_buf_str(&zip->header), err);
}
