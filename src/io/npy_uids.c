#include "io/npy_uids.h"

#include "io/npy_internal.h"

/* A header holds nothing else, so it is read with the descr replaced by one that is understood. */
static const char descr[] = "[('f0', '<u8'), ('f1', '<u8')]";
static const char plain[] = "'<u8'";

enum { MAX_HEADER = 4096, ROW = 16 };

static const char *find(mc_str text, const char *word)
{
    return text.len > 0 ? memmem(text.data, text.len, word, strlen(word)) : NULL;
}

static bool read_plain_head(mc_str header, const char *at, mci_npy_head *head)
{
    char text[MAX_HEADER];
    size_t before = (size_t)(at - header.data), n_plain = sizeof plain - 1;
    size_t behind = header.len - before - (sizeof descr - 1);
    memcpy(text, header.data, before);
    memcpy(text + before, plain, n_plain);
    memcpy(text + before + n_plain, at + sizeof descr - 1, behind);
    return mci_npy_read_head((mc_str){ text, before + n_plain + behind }, head);
}

mc_status mci_npy_uids_parse(mc_str file, const unsigned char **rows, size_t *n, mc_error *err)
{
    mc_str header, numbers;
    mci_npy_head head;
    MC_TRY(mci_npy_split(file, &header, &numbers, err));
    const char *at = header.len <= MAX_HEADER ? find(header, descr) : NULL;
    if (!at)
        return mc_fail(err, MC_E_SHAPE,
                       "want an array of dtype \"u8,u8\" (DataComp's uids), got "
                       "one of another type");
    if (!read_plain_head(header, at, &head))
        return mc_fail(err, MC_E_FORMAT, "the header of the .npy file is malformed");
    if (head.rank != 1)
        return mc_fail(err, MC_E_SHAPE, "want one row a uid, got an array of rank %zu", head.rank);
    if (numbers.len % ROW != 0 || head.shape[0] != numbers.len / ROW)
        return mc_fail(err, MC_E_FORMAT,
                       "the .npy file is damaged: its header states more or less than the %zu "
                       "bytes that are there",
                       numbers.len);
    *rows = (const unsigned char *)numbers.data;
    *n = numbers.len / ROW;
    return MC_OK;
}
