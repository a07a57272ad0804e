/* Packing's fixture: a folder `in` to be filled with images, and a job that packs it. */
#ifndef METACLIP_TESTS_PACK_FIXTURE_H
#define METACLIP_TESTS_PACK_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "io/tar_rows.h"
#include "metaclip/metaclip.h"

#include "test.h"

#define JPEG "\xFF\xD8\xFF\xE0"
#define PNG  "\x89PNG\r\n\x1A\n"
#define WEBP "RIFF\x10\0\0\0WEBPVP8 "

typedef struct {
    char dir[64], path[16][600];
    int turn;
    mc_pack_job job;
    const char *inputs[4];
    mc_pack_summary summary;
    mc_error err;
    mci_buf rows;
} fixture;

/* "FOLDER/name"; good for the next 15 calls. */
static inline const char *in_dir(fixture *f, const char *name)
{
    char *path = f->path[f->turn++ % COUNT_OF(f->path)];
    size_t n = strlen(f->dir), m = strlen(name);
    assert_true(n + 1 + m < sizeof f->path[0]);
    memcpy(path, f->dir, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m + 1);
    return path;
}

static inline int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void remove_tree(fixture *f, const char *name)
{
    nftw(in_dir(f, name), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/metaclip-pack-XXXXXX");
    *state = f;
    return mkdtemp(f->dir) ? mkdir(in_dir(f, "in"), 0777) : -1;
}

static inline int close_fixture(void **state)
{
    fixture *f = *state;
    remove_tree(f, "");
    mci_buf_release(&f->rows);
    free(f);
    return 0;
}

static inline void put(fixture *f, const char *name, const void *bytes, size_t n)
{
    const char *path = in_dir(f, name);
    char folder[600];
    for (const char *slash = path + strlen(f->dir) + 1; (slash = strchr(slash, '/')); slash++) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        mkdir(folder, 0777);
    }
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static inline void put_text(fixture *f, const char *name, const char *text)
{
    put(f, name, text, strlen(text));
}

/* An image of a few bytes, which are its name's. */
static inline void put_image(fixture *f, const char *name, const char *magic, size_t n_magic)
{
    char bytes[700];
    memcpy(bytes, magic, n_magic);
    int n = snprintf(bytes + n_magic, sizeof bytes - n_magic, "%s", name);
    put(f, name, bytes, n_magic + (size_t)n);
}
#define IMAGE(f, name, magic) put_image(f, name, magic, sizeof magic - 1)

/* Packs `in` (or what f->job says) into `out`. */
static inline mc_status pack(fixture *f, const char *out)
{
    mc_pack_job job = f->job;
    char dir[600];
    snprintf(dir, sizeof dir, "%s", in_dir(f, out));
    job.out_dir = dir;
    if (job.pool.n_inputs == 0 && !job.table_path) {
        f->inputs[0] = in_dir(f, "in");
        job.pool.inputs = f->inputs;
        job.pool.n_inputs = 1;
    }
    f->summary = (mc_pack_summary){ 0 };
    f->err = (mc_error){ 0 };
    return mc_pack_run(&job, &f->summary, &f->err);
}

#define assert_packs(f, out) assert_ok(pack(f, out), (f)->err)

/* The rows of a tar, as the project reads them, a line each. */
static inline const char *rows_of(fixture *f, const char *tar)
{
    mci_stream *stream;
    mci_rows rows;
    mci_buf line = { 0 };
    mc_status status;
    uint64_t offset;
    mc_error err = { 0 };
    mci_buf_clear(&f->rows);
    assert_ok(mci_stream_open(in_dir(f, tar), &stream, &err), err);
    assert_ok(mci_tar_rows_open(stream, 1 << 20, &rows, &err), err);
    while ((status = rows.next(rows.self, &line, &offset, &err)) == MC_OK) {
        assert_int_equal(mci_buf_add(&f->rows, mci_buf_str(&line), NULL), MC_OK);
        assert_int_equal(mci_buf_byte(&f->rows, '\n', NULL), MC_OK);
    }
    assert_int_equal(status, MC_END);
    rows.close(rows.self);
    mci_stream_close(stream);
    mci_buf_release(&line);
    assert_int_equal(mci_buf_terminate(&f->rows, NULL), MC_OK);
    return f->rows.data;
}

static inline void assert_closes(const mc_pack_counters *n)
{
    assert_int_equal(n->files_found, n->files_hidden + n->files_linked + n->files_sidecar +
                                         n->files_other + n->images_found);
    assert_int_equal(n->rows_read, n->rows_used + n->rows_without_image + n->rows_skipped);
    assert_int_equal(n->images_found, n->images_without_text + n->images_bad_sidecar +
                                          n->images_unreadable + n->images_empty +
                                          n->images_too_large + n->images_unsupported +
                                          n->images_unknown + n->images_packed);
    assert_int_equal(n->images_packed, n->images_jpeg + n->images_png + n->images_webp);
    assert_int_equal(n->texts_read, n->texts_packed + n->texts_empty);
}

/* The hash of what is published: names and bytes, whatever the times. */
static uint64_t published;
static size_t published_from;

static inline int hash_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    size_t len;
    if (type != FTW_F || strstr(path, "/state/"))
        return 0;
    assert_int_not_equal(path[ftw->base], '.');
    char *bytes = test_read_file(path, &len);
    published += mci_hash64_pair(mc_str_of(path + published_from), (mc_str){ bytes, len }, 0);
    free(bytes);
    return 0;
}

static inline uint64_t hash_of(fixture *f, const char *out)
{
    const char *path = in_dir(f, out);
    published = 0;
    published_from = strlen(path);
    assert_int_equal(nftw(path, hash_one, 16, FTW_PHYS), 0);
    return published;
}

static inline bool is_there(fixture *f, const char *name)
{
    return access(in_dir(f, name), F_OK) == 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

#endif
