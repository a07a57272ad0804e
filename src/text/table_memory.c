#include "text/table_memory.h"

#include <sys/mman.h>

#include "base/alloc.h"

enum { CACHE_LINE = 64, HUGE_PAGE = 2 << 20 };

/* Only advice: whether it is followed changes nothing but speed. */
static void advise_huge_pages(void *data, size_t n_bytes)
{
#ifdef MADV_HUGEPAGE
    if (n_bytes >= HUGE_PAGE)
        madvise(data, n_bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#else
    (void)data;
    (void)n_bytes;
#endif
}

mc_status mci_table_memory_new(size_t n_items, size_t item_bytes, mci_table_memory *out,
                               mc_error *err)
{
    if (n_items > (SIZE_MAX - HUGE_PAGE) / item_bytes)
        return mci_nomem(err, SIZE_MAX);
    size_t n_bytes = n_items * item_bytes;
    /* What lies before the aligned start is never touched, so it costs addresses only. */
    size_t alignment = n_bytes >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
    char *block = mci_alloc_zeroed(n_bytes + alignment, 1);
    if (!block)
        return mci_nomem(err, n_bytes + alignment);
    size_t skip = alignment - (uintptr_t)block % alignment;
    *out = (mci_table_memory){ .data = block + skip, .n_bytes = n_bytes, .block = block };
    advise_huge_pages(out->data, n_bytes);
    return MC_OK;
}

void mci_table_memory_release(mci_table_memory *memory)
{
    mci_free(memory->block);
    *memory = (mci_table_memory){ 0 };
}
