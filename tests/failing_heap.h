/* A heap that fails on demand. The library has one malloc (base/alloc.c), so the linker puts these
 * functions in its way: tests/CMakeLists.txt passes --wrap for each that is defined here, or in a
 * test. For tests of one file, which include it once.
 *
 *     long live = heap.n_live;
 *     heap_fail(n, false);
 *     status = ...
 *     heap_mend();
 *     assert_int_equal(heap.n_live, live);      and heap.has_failed tells whether there was an n-th
 */
#ifndef METACLIP_TESTS_FAILING_HEAP_H
#define METACLIP_TESTS_FAILING_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    atomic_long countdown;  /* 1: the next allocation fails; 0 and below: none */
    atomic_bool stays_out;  /* and all that come behind it */
    atomic_bool has_failed; /* one did */
    atomic_long n_live;     /* blocks that nobody freed yet; C++'s are not among them */
} heap;

/* The n-th allocation from here, 1 and more, fails, of whatever thread. */
static inline void heap_fail(long n, bool and_all_behind)
{
    heap.has_failed = false;
    heap.stays_out = and_all_behind;
    heap.countdown = n;
}

static inline void heap_mend(void)
{
    heap.countdown = 0;
    heap.stays_out = false;
}

static inline bool heap_is_out(void)
{
    bool out = atomic_fetch_sub(&heap.countdown, 1) == 1 || (heap.stays_out && heap.has_failed);
    if (out)
        heap.has_failed = true;
    return out;
}

static inline void *heap_counted(void *memory)
{
    heap.n_live += memory != NULL;
    return memory;
}

void *__real_malloc(size_t n_bytes);
void *__real_calloc(size_t n_items, size_t item_bytes);
void *__real_realloc(void *memory, size_t n_bytes);
void *__real_aligned_alloc(size_t alignment, size_t n_bytes);
void __real_free(void *memory);
void *__wrap_malloc(size_t n_bytes);
void *__wrap_calloc(size_t n_items, size_t item_bytes);
void *__wrap_realloc(void *memory, size_t n_bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t n_bytes);
void __wrap_free(void *memory);
void *__real__ZnamRKSt9nothrow_t(size_t n_bytes, const void *nothrow);
void *__wrap__ZnamRKSt9nothrow_t(size_t n_bytes, const void *nothrow);
int __wrap_fsync(int fd);

void *__wrap_malloc(size_t n_bytes)
{
    return heap_is_out() ? NULL : heap_counted(__real_malloc(n_bytes));
}

void *__wrap_calloc(size_t n_items, size_t item_bytes)
{
    return heap_is_out() ? NULL : heap_counted(__real_calloc(n_items, item_bytes));
}

void *__wrap_realloc(void *memory, size_t n_bytes)
{
    if (heap_is_out())
        return NULL;
    return memory ? __real_realloc(memory, n_bytes) : heap_counted(__real_realloc(NULL, n_bytes));
}

void *__wrap_aligned_alloc(size_t alignment, size_t n_bytes)
{
    return heap_is_out() ? NULL : heap_counted(__real_aligned_alloc(alignment, n_bytes));
}

void __wrap_free(void *memory)
{
    heap.n_live -= memory != NULL;
    __real_free(memory);
}

/* C++'s new, as simdjson calls it. */
void *__wrap__ZnamRKSt9nothrow_t(size_t n_bytes, const void *nothrow)
{
    return heap_is_out() ? NULL : __real__ZnamRKSt9nothrow_t(n_bytes, nothrow);
}

/* Nobody pulls the plug here, and thousands of runs would wait for the disk. */
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

#endif
