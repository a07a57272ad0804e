#include "io/page.h"

#include "base/alloc.h"

void mci_page_reset(mci_page *page)
{
    mci_arena_reset(&page->arena);
    mci_page kept = { .arena = page->arena, .links = page->links, .cap_links = page->cap_links };
    *page = kept;
}

void mci_page_release(mci_page *page)
{
    mci_arena_release(&page->arena);
    mci_free(page->links);
    *page = (mci_page){ 0 };
}

mc_status mci_page_add_link(mci_page *page, mci_link **out, mc_error *err)
{
    if (page->n_links == page->cap_links) {
        void *links = page->links;
        MC_TRY(mci_grow(&links, &page->cap_links, page->n_links + 1, sizeof(mci_link), err));
        page->links = links;
    }
    *out = &page->links[page->n_links++];
    (*out)->url = (mc_str){ 0 };
    (*out)->n_texts = 0; /* what texts there are, n_texts says */
    return MC_OK;
}
