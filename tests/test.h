/* What all unit tests include: cmocka with what it needs, and a few words of our own. */
#ifndef METACLIP_TEST_H
#define METACLIP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "metaclip/base.h"

/* Compares a view with a literal and shows both when they differ. */
static inline void assert_str_at(mc_str got, const char *want, const char *file, int line)
{
    size_t n = strlen(want);
    if (got.len == n && (n == 0 || memcmp(got.data, want, n) == 0))
        return;
    print_error("got \"%.*s\", want \"%s\"\n", (int)got.len, got.data ? got.data : "", want);
    _fail(file, line);
}
#define assert_str(got, want) assert_str_at(got, want, __FILE__, __LINE__)

/* A call that must succeed; prints the error's text if it does not. */
#define assert_ok(call, err)                                          \
    do {                                                              \
        mc_status got_ = (call);                                      \
        if (got_ != MC_OK)                                            \
            fail_msg("%s gave %d: %s", #call, (int)got_, (err).text); \
    } while (0)

/* The text of an error must tell the reader this. */
static inline void assert_text_at(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part))
        return;
    print_error("\"%s\" does not say \"%s\"\n", text, part);
    _fail(file, line);
}
#define assert_says(text, part) assert_text_at(text, part, __FILE__, __LINE__)

/* A small, seeded generator (splitmix64), so that a failing property test can be repeated. */
typedef struct {
    uint64_t state;
} test_random;

static inline uint64_t test_next(test_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static inline size_t test_below(test_random *random, size_t n)
{
    return (size_t)(test_next(random) % n);
}

/* "$METACLIP_TEST_DATA/name" (or of another variable) in a static buffer; NULL if that folder is
 * not set. For the oracle: test_path("METACLIP_SHARED", "oracle/..."), and skip() if not there. */
static inline const char *test_path(const char *variable, const char *name)
{
    static char path[4096];
    const char *folder = getenv(variable);
    if (!folder)
        return NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A whole file on the heap (free with free), NULL if it is not there. */
static inline char *test_read_file(const char *path, size_t *len)
{
    *len = 0;
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *data = malloc((size_t)size + 1);
    *len = fread(data, 1, (size_t)size, file);
    data[*len] = '\0';
    fclose(file);
    return data;
}

#endif
