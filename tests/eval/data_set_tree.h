/* A folder with data sets in it, for tests: made by tree_open, removed by tree_close. */
#ifndef METACLIP_TESTS_DATA_SET_TREE_H
#define METACLIP_TESTS_DATA_SET_TREE_H

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "io/tar_out.h"
#include "test.h"

typedef struct {
    char dir[64];
    char path[8][512]; /* what tree_path gives, in turn */
    int turn;
} tree;

static inline int tree_open(void **state)
{
    tree *t = calloc(1, sizeof *t);
    if (!t)
        return -1;
    strcpy(t->dir, "/tmp/metaclip-sets-XXXXXX");
    *state = t;
    return mkdtemp(t->dir) ? 0 : -1;
}

static inline int tree_close(void **state)
{
    tree *t = *state;
    mci_remove_folder(t->dir, 8);
    free(t);
    return 0;
}

/* "FOLDER/name", and the folders above it; good for the next seven calls. */
static inline char *tree_path(tree *t, const char *name)
{
    char *path = t->path[t->turn++ % 8];
    const size_t n = strlen(t->dir), m = strlen(name);
    assert_true(n + 1 + m < sizeof t->path[0]);
    memcpy(path, t->dir, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m + 1);
    assert_int_equal(mci_make_folders(path, NULL), MC_OK);
    return path;
}

static inline const char *tree_bytes(tree *t, const char *name, mc_str bytes)
{
    const char *path = tree_path(t, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *tree_text(tree *t, const char *name, const char *text)
{
    return tree_bytes(t, name, mc_str_of(text));
}

/* A copy of tests/data/images/NAME. */
static inline void tree_image(tree *t, const char *name, const char *image)
{
    char from[512];
    size_t n;
    snprintf(from, sizeof from, "%s/images/%s", getenv("METACLIP_TEST_DATA"), image);
    char *bytes = test_read_file(from, &n);
    assert_non_null(bytes);
    tree_bytes(t, name, (mc_str){ bytes, n });
    free(bytes);
}

/* members: name, content, name, content, ..., NULL; "@NAME" is an image. */
static inline const char *tree_tar(tree *t, const char *name, const char *const *members)
{
    mc_error err = { 0 };
    mci_tar_out *tar = NULL;
    const char *path = tree_path(t, name);
    assert_ok(mci_tar_out_open(path, &tar, &err), err);
    for (; members[0]; members += 2) {
        char from[512];
        size_t n = strlen(members[1]);
        char *bytes = NULL;
        snprintf(from, sizeof from, "%s/images/%s", getenv("METACLIP_TEST_DATA"), members[1] + 1);
        if (members[1][0] == '@')
            bytes = test_read_file(from, &n);
        assert_ok(mci_tar_out_add(tar, members[0], (mc_str){ bytes ? bytes : members[1], n }, &err),
                  err);
        free(bytes);
    }
    assert_ok(mci_tar_out_commit(tar, NULL, &err), err);
    return path;
}

#endif
