/* Tar files, made where they are used, so that they can be wrong. */
#ifndef METACLIP_TESTS_TAR_MAKING_H
#define METACLIP_TESTS_TAR_MAKING_H

#include "base/buf.h"
#include "test.h"

enum { BLOCK = 512 };

/* The ustar header of a member, with a size that may be any text of 12 bytes. */
static inline void add_header(mci_buf *tar, const char *name, char type, const char *size)
{
    unsigned char header[BLOCK] = { 0 };
    unsigned sum = 0;
    snprintf((char *)header, 100, "%s", name);
    memcpy(header + 100, "0000644\0000000000\0000000000\000", 24);
    memcpy(header + 124, size, 12);
    memcpy(header + 136, "00000000000\0        ", 20);
    header[156] = (unsigned char)type;
    memcpy(header + 257, "ustar\00000", 8);
    for (int i = 0; i < BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    assert_int_equal(mci_buf_append(tar, header, BLOCK, NULL), MC_OK);
}

static inline void add_bytes(mci_buf *tar, mc_str bytes)
{
    static const char zeros[BLOCK];
    assert_int_equal(mci_buf_add(tar, bytes, NULL), MC_OK);
    size_t rest = bytes.len % BLOCK;
    assert_int_equal(mci_buf_append(tar, zeros, rest ? BLOCK - rest : 0, NULL), MC_OK);
}

static inline void add_member(mci_buf *tar, const char *name, mc_str bytes)
{
    char size[13];
    snprintf(size, sizeof size, "%011o", (unsigned)bytes.len);
    add_header(tar, name, '0', size);
    add_bytes(tar, bytes);
}

static inline void add_text(mci_buf *tar, const char *name, const char *text)
{
    add_member(tar, name, mc_str_of(text));
}

static inline void add_end(mci_buf *tar)
{
    static const char zeros[2 * BLOCK];
    assert_int_equal(mci_buf_append(tar, zeros, sizeof zeros, NULL), MC_OK);
}

#endif
