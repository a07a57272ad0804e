#include "io/html_tree.h"

#include <setjmp.h>
#include <stdalign.h>

#include "base/alloc.h"

/* Gumbo can be told neither limits nor to stop, but it gets all its memory through us, and owns
 * nothing else. So its blocks lie in chunks that are dropped together, and a page is given up by
 * longjmp out of the allocator.
 *
 * What it is up to shows in its vectors. They grow by doubling: a block of twice the size is asked
 * for, and the old one, full of pointers, comes back. Then we look inside:
 *
 *   attributes                     of an element, each compared with every new one
 *   nodes with different parents   the open elements (or those to reopen), walked at every tag
 *   nodes with one parent          children: as many as there are, but see count_adoption()
 *
 * A block says its size before its first byte, so a pointer into our chunks tells what it is. */

enum {
    MAX_ATTRIBUTES = 1024,
    MAX_DEPTH = 2048, /* or up to twice that: it is looked at when a vector doubles */
    CHUNK_BYTES = 256 * 1024,
    MIN_CLASS = 4, /* the smallest block: 1 << 4 bytes */
    N_CLASSES = 40,
};
#define MAX_TREE_BYTES     ((size_t)512 << 20)
#define KEPT_BYTES         ((size_t)8 << 20) /* of a parse, for the next one */
#define MAX_ADOPTION_STEPS ((uint64_t)1 << 33)

typedef struct block {
    alignas(max_align_t) size_t n_bytes; /* as asked for */
    union {
        struct block *next_free;
        char bytes[1];
        alignas(max_align_t) char aligned;
    } u;
} block;

enum { HEAD_BYTES = offsetof(block, u) };

typedef struct chunk {
    struct chunk *next;
    size_t n_bytes, n_used; /* of data */
    alignas(max_align_t) char data[];
} chunk;

struct mci_html_tree {
    chunk *chunks; /* the first one is being filled */
    chunk *spare;  /* kept from earlier pages, all of CHUNK_BYTES */
    size_t n_bytes, n_spare_bytes;
    block *free_blocks[N_CLASSES]; /* of 1 << class bytes */
    block *newest;                 /* allocated by the call before; NULL: that was no allocation */
    const GumboNode *newest_node;
    size_t max_children;
    uint64_t adoption_steps;
    jmp_buf escape;
    mc_status failure;
    mc_error error;
};

static _Noreturn void give_up(mci_html_tree *tree, mc_status status, const char *why)
{
    tree->failure = mc_fail(&tree->error, status, "%s", why);
    longjmp(tree->escape, 1);
}

/* ---- memory ---- */

static chunk *take_chunk(mci_html_tree *tree, size_t n_bytes)
{
    chunk *taken = tree->spare;
    if (n_bytes <= CHUNK_BYTES && taken) {
        tree->spare = taken->next;
        tree->n_spare_bytes -= taken->n_bytes;
    } else {
        if (n_bytes < CHUNK_BYTES)
            n_bytes = CHUNK_BYTES;
        taken = mci_alloc(sizeof *taken + n_bytes);
        if (!taken)
            give_up(tree, MC_E_NOMEM, "out of memory for the nodes of an HTML page");
        taken->n_bytes = n_bytes;
    }
    taken->n_used = 0;
    taken->next = tree->chunks;
    tree->chunks = taken;
    tree->n_bytes += taken->n_bytes;
    return taken;
}

static void drop_chunks(mci_html_tree *tree, size_t kept_bytes)
{
    while (tree->chunks) {
        chunk *old = tree->chunks;
        tree->chunks = old->next;
        if (old->n_bytes == CHUNK_BYTES && tree->n_spare_bytes < kept_bytes) {
            old->next = tree->spare;
            tree->spare = old;
            tree->n_spare_bytes += old->n_bytes;
        } else {
            mci_free(old);
        }
    }
    tree->n_bytes = 0;
}

static size_t class_of(size_t n_bytes)
{
    size_t class = MIN_CLASS;
    while (((size_t)1 << class) < n_bytes)
        class ++;
    return class;
}

static block *take_block(mci_html_tree *tree, size_t n_bytes)
{
    size_t class = class_of(n_bytes), room = HEAD_BYTES + ((size_t)1 << class);
    block *taken = tree->free_blocks[class];
    if (taken) {
        tree->free_blocks[class] = taken->u.next_free;
    } else {
        chunk *from = tree->chunks;
        if (!from || from->n_bytes - from->n_used < room)
            from = take_chunk(tree, room);
        taken = (block *)(from->data + from->n_used);
        from->n_used += room;
    }
    taken->n_bytes = n_bytes;
    return taken;
}

static block *block_of(void *memory)
{
    return (block *)((char *)memory - HEAD_BYTES);
}

/* Whether pointer, which may be anything, is that of a block of n_bytes of ours. Rarely asked. */
static bool is_block(const mci_html_tree *tree, const void *pointer, size_t n_bytes)
{
    uintptr_t at = (uintptr_t)pointer;
    for (const chunk *in = tree->chunks; in; in = in->next) {
        uintptr_t start = (uintptr_t)in->data;
        if (at >= start + HEAD_BYTES && at - start < in->n_used)
            return at % alignof(max_align_t) == 0 && block_of((void *)at)->n_bytes == n_bytes;
    }
    return false;
}

/* ---- what the memory is used for ---- */

/* A vector of n pointers, all in use, has just been copied to one of twice the size. */
static void look_at_vector(mci_html_tree *tree, void *const *items, size_t n)
{
    const void *first = items[n / 2], *last = items[n - 1];
    if (is_block(tree, first, sizeof(GumboAttribute)) &&
        is_block(tree, last, sizeof(GumboAttribute)) && n >= MAX_ATTRIBUTES)
        give_up(tree, MC_SKIPPED, "an HTML element has thousands of attributes");
    if (!is_block(tree, first, sizeof(GumboNode)) || !is_block(tree, last, sizeof(GumboNode)))
        return;
    bool are_siblings = ((const GumboNode *)first)->parent == ((const GumboNode *)last)->parent;
    if (!are_siblings && n >= MAX_DEPTH)
        give_up(tree, MC_SKIPPED, "HTML elements are nested thousands deep");
    if (are_siblings && n > tree->max_children)
        tree->max_children = n;
}

/* </b> where <b> and <i> overlap makes a copy of an element, and for that Gumbo looks for children
 * from the first one on. With a million siblings, a million such tags would take hours. */
static void count_adoption(mci_html_tree *tree)
{
    const GumboNode *node = tree->newest_node;
    if (!node || !(node->parse_flags & GUMBO_INSERTION_ADOPTION_AGENCY_CLONED))
        return;
    tree->adoption_steps += tree->max_children;
    if (tree->adoption_steps > MAX_ADOPTION_STEPS)
        give_up(tree, MC_SKIPPED, "too many overlapping HTML elements");
}

static void *allocate(void *user, size_t n_bytes)
{
    mci_html_tree *tree = user;
    if (n_bytes > MAX_TREE_BYTES || tree->n_bytes > MAX_TREE_BYTES - n_bytes)
        give_up(tree, MC_SKIPPED, "an HTML page needs more than 512 MiB for its nodes");
    block *taken = take_block(tree, n_bytes);
    tree->newest = taken;
    if (n_bytes == sizeof(GumboNode)) { /* or a string; then some flags are misread */
        count_adoption(tree);
        tree->newest_node = memset(taken->u.bytes, 0, n_bytes);
    }
    return taken->u.bytes;
}

static void deallocate(void *user, void *memory)
{
    mci_html_tree *tree = user;
    if (!memory)
        return;
    block *old = block_of(memory);
    bool has_doubled = tree->newest && tree->newest->n_bytes == 2 * old->n_bytes;
    if (has_doubled && old->n_bytes >= MAX_ATTRIBUTES * sizeof(void *))
        look_at_vector(tree, memory, old->n_bytes / sizeof(void *));
    if (memory == tree->newest_node)
        tree->newest_node = NULL;
    size_t class = class_of(old->n_bytes);
    old->u.next_free = tree->free_blocks[class];
    tree->free_blocks[class] = old;
    tree->newest = NULL;
}

/* ---- parsing ---- */

mc_status mci_html_tree_new(mci_html_tree **out, mc_error *err)
{
    mci_html_tree *tree = mci_alloc_zeroed(1, sizeof *tree);
    if (!tree)
        return mci_nomem(err, sizeof *tree);
    *out = tree;
    return MC_OK;
}

static void reset(mci_html_tree *tree, size_t kept_bytes)
{
    drop_chunks(tree, kept_bytes);
    memset(tree->free_blocks, 0, sizeof tree->free_blocks);
    tree->newest = NULL;
    tree->newest_node = NULL;
    tree->max_children = 0;
    tree->adoption_steps = 0;
}

void mci_html_tree_free(mci_html_tree *tree)
{
    if (!tree)
        return;
    reset(tree, 0);
    tree->chunks = tree->spare;
    drop_chunks(tree, 0);
    mci_free(tree);
}

size_t mci_html_tree_bytes(const mci_html_tree *tree)
{
    return tree->n_bytes;
}

mc_status mci_html_tree_parse(mci_html_tree *tree, mc_str text, const GumboNode **document,
                              mc_error *err)
{
    reset(tree, KEPT_BYTES);
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = allocate;
    options.deallocator = deallocate;
    options.userdata = tree;
    /* max_errors stays without limit: behind one, Gumbo 0.10.1 no longer ends the name of a
     * repeated attribute, and the next one's name is run together with it. */
    if (setjmp(tree->escape) != 0)
        return mc_fail(err, tree->failure, "%s", tree->error.text);
    /* gumbo_destroy_output() would recurse: the chunks are dropped instead. */
    const GumboOutput *output =
        gumbo_parse_with_options(&options, text.len ? text.data : "", text.len);
    *document = output->document;
    return MC_OK;
}
