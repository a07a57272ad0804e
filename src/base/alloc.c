#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "metaclip/base.h"

void *mci_alloc(size_t n_bytes)
{
    return malloc(n_bytes ? n_bytes : 1);
}

void *mci_alloc_zeroed(size_t n_items, size_t item_bytes)
{
    if (item_bytes && n_items > SIZE_MAX / item_bytes)
        return NULL; /* calloc says so too, but some sanitizers stop at it */
    return calloc(n_items ? n_items : 1, item_bytes ? item_bytes : 1);
}

void *mci_realloc(void *memory, size_t n_bytes)
{
    return realloc(memory, n_bytes ? n_bytes : 1);
}

enum { LINE_BYTES = 64, HUGE_BYTES = 2 << 20 };

/* What does not fill a large page lies in small ones, and behind it addresses that are never met:
 * the rest of a large page would be held for nobody. */
void *mci_alloc_lines(size_t n_bytes)
{
    size_t alignment = n_bytes >= HUGE_BYTES ? HUGE_BYTES : LINE_BYTES;
    if (n_bytes > SIZE_MAX - alignment)
        return NULL;
    size_t whole = (n_bytes + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment, whole ? whole : alignment);
    if (!memory)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_BYTES)
        madvise(memory, n_bytes / HUGE_BYTES * HUGE_BYTES, MADV_HUGEPAGE); /* a wish */
#endif
    memset(memory, 0, (n_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES);
    return memory;
}

void mci_free(void *memory)
{
    free(memory);
}

void mc_free(void *memory)
{
    free(memory);
}

mc_status mci_grow(void **items, size_t *cap, size_t need, size_t item_bytes, mc_error *err)
{
    if (need <= *cap)
        return MC_OK;
    size_t want = *cap > SIZE_MAX / 2 ? need : *cap * 2;
    if (want < need)
        want = need;
    if (want < 16)
        want = 16;
    if (want > SIZE_MAX / item_bytes)
        return mci_nomem(err, SIZE_MAX);
    void *grown = mci_realloc(*items, want * item_bytes);
    if (!grown)
        return mci_nomem(err, want * item_bytes);
    *items = grown;
    *cap = want;
    return MC_OK;
}

mc_status mci_nomem(mc_error *err, size_t n_bytes)
{
    return mc_fail(err, MC_E_NOMEM, "out of memory (wanted %zu bytes)", n_bytes);
}
