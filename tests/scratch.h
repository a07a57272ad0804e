/* A folder of its own for a test that writes files: made by scratch_open, removed with all that is
 * in it by scratch_close. Use them as cmocka setup and teardown. */
#ifndef METACLIP_TESTS_SCRATCH_H
#define METACLIP_TESTS_SCRATCH_H

#include <dirent.h>
#include <unistd.h>

#include "test.h"

typedef struct {
    char dir[64];
    char path[4][512]; /* what scratch_path gives, in turn */
    int turn;
} scratch;

static inline int scratch_open(void **state)
{
    scratch *s = calloc(1, sizeof *s);
    if (!s)
        return -1;
    strcpy(s->dir, "/tmp/metaclip-test-XXXXXX");
    *state = s;
    return mkdtemp(s->dir) ? 0 : -1;
}

/* "FOLDER/name"; good for the next three calls. */
static inline const char *scratch_path(scratch *s, const char *name)
{
    char *path = s->path[s->turn++ % 4];
    size_t n = strlen(s->dir), m = strlen(name);
    assert_true(n + 1 + m < sizeof s->path[0]);
    memcpy(path, s->dir, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m + 1);
    return path;
}

/* Writes a file there and gives its path. */
static inline const char *scratch_file(scratch *s, const char *name, const void *data, size_t len)
{
    const char *path = scratch_path(s, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *scratch_text(scratch *s, const char *name, const char *text)
{
    return scratch_file(s, name, text, strlen(text));
}

static inline bool scratch_has(scratch *s, const char *name)
{
    return access(scratch_path(s, name), F_OK) == 0;
}

static inline int scratch_close(void **state)
{
    scratch *s = *state;
    DIR *dir = opendir(s->dir);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(scratch_path(s, entry->d_name));
    if (dir)
        closedir(dir);
    int failed = rmdir(s->dir);
    free(s);
    return failed;
}

#endif
