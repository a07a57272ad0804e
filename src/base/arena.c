#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "base/alloc.h"

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct mci_arena_block {
    mci_arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

static mci_arena_block *new_block(size_t at_least, size_t previous)
{
    size_t size = previous ? previous * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < at_least)
        size = at_least;
    if (size > SIZE_MAX - sizeof(mci_arena_block))
        return NULL;
    mci_arena_block *block = mci_alloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->next = NULL;
    block->used = 0;
    block->size = size;
    return block;
}

void *mci_arena_alloc(mci_arena *arena, size_t n_bytes)
{
    const size_t unit = alignof(max_align_t);
    if (n_bytes > SIZE_MAX - unit)
        return NULL;
    n_bytes = (n_bytes + unit - 1) / unit * unit;
    mci_arena_block *block = arena->current;
    while (block && block->size - block->used < n_bytes) {
        if (!block->next)
            break;
        block = block->next; /* kept from before a reset, still empty */
    }
    if (!block || block->size - block->used < n_bytes) {
        mci_arena_block *fresh = new_block(n_bytes, block ? block->size : 0);
        if (!fresh)
            return NULL;
        if (block)
            block->next = fresh;
        else
            arena->first = fresh;
        block = fresh;
    }
    arena->current = block;
    void *memory = block->bytes + block->used;
    block->used += n_bytes;
    return memory;
}

mc_status mci_arena_copy(mci_arena *arena, mc_str text, mc_str *out, mc_error *err)
{
    char *copy = mci_arena_alloc(arena, text.len);
    if (!copy)
        return mci_nomem(err, text.len);
    if (text.len)
        memcpy(copy, text.data, text.len);
    *out = (mc_str){ copy, text.len };
    return MC_OK;
}

void mci_arena_reset(mci_arena *arena)
{
    mci_arena_block **link = &arena->first;
    while (*link) {
        mci_arena_block *block = *link;
        block->used = 0;
        if (block->size > LARGEST_BLOCK) { /* one huge item must not hold memory for ever */
            *link = block->next;
            mci_free(block);
        } else {
            link = &block->next;
        }
    }
    arena->current = arena->first;
}

void mci_arena_release(mci_arena *arena)
{
    mci_arena_block *block = arena->first;
    while (block) {
        mci_arena_block *next = block->next;
        mci_free(block);
        block = next;
    }
    *arena = (mci_arena){ 0 };
}
