/* The pieces of stream.c: where bytes come from, and the three decoders. For stream*.c only. */
#ifndef MCI_IO_STREAM_INTERNAL_H
#define MCI_IO_STREAM_INTERNAL_H

#include "io/stream.h"

/* The file's own bytes, still compressed: a buffer over a file descriptor, or lent bytes. Some
 * bytes that were advanced over stay at hand, so that a reader which ran into damage can go back
 * and look for what it overran. */
typedef struct {
    const uint8_t *next; /* `avail` bytes to read */
    size_t avail;
    uint64_t offset; /* of next, from the start of the file */
    bool at_end;     /* nothing comes after the avail bytes */
    uint64_t size;   /* of the file; 0: unknown */
    /* the rest is stream_input.c's own */
    const uint8_t *begin; /* the first byte that is at hand */
    uint8_t *buffer;      /* NULL: the bytes are lent */
    size_t cap;
    size_t piece, unseen; /* lent bytes appear by pieces, as those of a pipe do */
    int fd;
    char *path;
} mci_input;

mc_status mci_input_open(mci_input *in, const char *path, mc_error *err);
void mci_input_lend(mci_input *in, mc_str bytes, size_t piece);
void mci_input_close(mci_input *in);
/* Reads on: avail grows, or at_end is set. Meant for a small avail. */
mc_status mci_input_more(mci_input *in, mc_error *err);
/* Reads on until avail >= n (small) or at_end. */
mc_status mci_input_need(mci_input *in, size_t n, mc_error *err);
void mci_input_advance(mci_input *in, size_t n);
/* Passes over up to n bytes, beyond what is at hand too where a file can do that and goes on so
 * far; gives how many. */
uint64_t mci_input_jump(mci_input *in, uint64_t n);
/* Goes back by n bytes, or as many as are at hand; gives how many. */
size_t mci_input_back(mci_input *in, uint64_t n);

/* A decoder undoes one gzip member, zstd frame or bzip2 stream after the other: start, then steps
 * until the end. A step reads what `in` has at hand (nothing, too: something may be left inside)
 * and writes up to room bytes to out; their number is in *n_out, whatever it answers. */
typedef enum {
    MCI_STEP_ON,        /* go on, with more input if none was left */
    MCI_STEP_ENDED,     /* the member ended here and is right */
    MCI_STEP_WRONG_SUM, /* it ended here, but its checksum or length is another */
    MCI_STEP_DAMAGED,   /* *why says how */
    MCI_STEP_NO_MEMORY,
} mci_step;

typedef struct mci_gunzip mci_gunzip;
mc_status mci_gunzip_new(mci_gunzip **out, mc_error *err);
void mci_gunzip_free(mci_gunzip *gunzip);
void mci_gunzip_start(mci_gunzip *gunzip, mci_body_format format); /* any but MCI_BODY_ZSTD */
mci_step mci_gunzip_step(mci_gunzip *gunzip, mci_input *in, char *out, size_t room, size_t *n_out,
                         const char **why);
/* Whether bytes start like a gzip member: magic, method, no reserved flag, a likely system. */
bool mci_gunzip_likely(const uint8_t *bytes, size_t n);

typedef struct mci_unzstd mci_unzstd;
mc_status mci_unzstd_new(mci_unzstd **out, mc_error *err);
void mci_unzstd_free(mci_unzstd *unzstd);
void mci_unzstd_start(mci_unzstd *unzstd);
mci_step mci_unzstd_step(mci_unzstd *unzstd, mci_input *in, char *out, size_t room, size_t *n_out,
                         const char **why);
/* Whether bytes start like a zstd frame (skippable ones do not count: four bytes of 16 values say
 * too little in the middle of damage). */
bool mci_unzstd_likely(const uint8_t *bytes, size_t n);
bool mci_unzstd_skippable(const uint8_t *bytes, size_t n);

typedef struct mci_bunzip2 mci_bunzip2;
mc_status mci_bunzip2_new(mci_bunzip2 **out, mc_error *err);
void mci_bunzip2_free(mci_bunzip2 *bunzip2);
void mci_bunzip2_start(mci_bunzip2 *bunzip2);
mci_step mci_bunzip2_step(mci_bunzip2 *bunzip2, mci_input *in, char *out, size_t room,
                          size_t *n_out, const char **why);
/* Whether bytes start like a bzip2 stream with a block, or an empty one. */
bool mci_bunzip2_likely(const uint8_t *bytes, size_t n);

/* mci_stream_open_bytes whose bytes come in small pieces, for tests. */
mc_status mci_stream_open_pieces(mc_str bytes, size_t piece, mci_stream **out, mc_error *err);

enum { MCI_FRAME_MAGIC = 4, MCI_FRAME_LIKELY = 10 }; /* bytes that the tests above want to see */

#endif
