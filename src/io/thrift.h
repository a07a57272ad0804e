/* Writing Thrift's compact protocol, in which Parquet keeps what it says about itself. After
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 *
 *   field   delta of its number and type, one byte; then the value
 *   value   integers as zigzag varints; strings with their length before them; a list with its
 *           length and type before its elements; a struct as its fields and a zero byte
 *
 * Nothing fails: who writes makes room before (mci_buf_reserve) for all that is written. */
#ifndef MCI_IO_THRIFT_H
#define MCI_IO_THRIFT_H

#include "base/buf.h"

enum { MCI_THRIFT_DEPTH = 8, MCI_THRIFT_BYTES = 11 /* a field of a number takes no more */ };

typedef enum { MCI_THRIFT_I32 = 5, MCI_THRIFT_STRING = 8, MCI_THRIFT_STRUCT = 12 } mci_thrift_type;

/* A struct in work, and those around it. Zero-initialise with out; the outermost one is begun. */
typedef struct {
    mci_buf *out;
    int last[MCI_THRIFT_DEPTH]; /* the number of the last field, by depth */
    int depth;
} mci_thrift;

void mci_thrift_i8(mci_thrift *thrift, int field, int8_t value);
void mci_thrift_i32(mci_thrift *thrift, int field, int32_t value);
void mci_thrift_i64(mci_thrift *thrift, int field, int64_t value);
void mci_thrift_bool(mci_thrift *thrift, int field, bool value);
void mci_thrift_string(mci_thrift *thrift, int field, const char *text);

/* Fields that follow are the inner struct's, up to mci_thrift_end; which also ends the outermost.
 */
void mci_thrift_begin(mci_thrift *thrift, int field);
void mci_thrift_end(mci_thrift *thrift);

/* The n elements follow: mci_thrift_element_..., or structs that are begun and ended. */
void mci_thrift_list(mci_thrift *thrift, int field, mci_thrift_type type, size_t n);
void mci_thrift_element_i32(mci_thrift *thrift, int32_t value);
void mci_thrift_element_string(mci_thrift *thrift, const char *text);
void mci_thrift_element_begin(mci_thrift *thrift);

/* What levels.c writes too. */
void mci_put_varint(mci_buf *out, uint64_t value);

#endif
