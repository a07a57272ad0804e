#include "text/table_memory.h"

#include <sys/mman.h>

#include "base/alloc.h"

enum { CACHE_LINE = 64, HUGE_PAGE = 2 << 20 };

static size_t skip_to(const void *block, size_t alignment)
{
    return (alignment - (uintptr_t)block % alignment) % alignment;
}

/* Fresh from the system: what comes from the heap may lie on small pages that were used before. */
static mc_status map_table(size_t n_bytes, mci_table_memory *out, mc_error *err)
{
    size_t n_mapped = n_bytes + HUGE_PAGE; /* what is never touched costs addresses only */
    void *block = mmap(NULL, n_mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return mci_nomem(err, n_mapped);
    char *data = (char *)block + skip_to(block, HUGE_PAGE);
#ifdef MADV_HUGEPAGE
    madvise(data, n_bytes / HUGE_PAGE * HUGE_PAGE,
            MADV_HUGEPAGE); /* speed is all that it changes */
#endif
    *out = (mci_table_memory){ data, n_bytes, block, n_mapped };
    return MC_OK;
}

mc_status mci_table_memory_new(size_t n_items, size_t item_bytes, mci_table_memory *out,
                               mc_error *err)
{
    if (n_items > (SIZE_MAX - HUGE_PAGE) / item_bytes)
        return mci_nomem(err, SIZE_MAX);
    size_t n_bytes = n_items * item_bytes;
    if (n_bytes >= HUGE_PAGE)
        return map_table(n_bytes, out, err);
    char *block = mci_alloc_zeroed(n_bytes + CACHE_LINE, 1);
    if (!block)
        return mci_nomem(err, n_bytes + CACHE_LINE);
    *out = (mci_table_memory){ block + skip_to(block, CACHE_LINE), n_bytes, block, 0 };
    return MC_OK;
}

void mci_table_memory_release(mci_table_memory *memory)
{
    if (memory->n_mapped)
        munmap(memory->block, memory->n_mapped);
    else
        mci_free(memory->block);
    *memory = (mci_table_memory){ 0 };
}
