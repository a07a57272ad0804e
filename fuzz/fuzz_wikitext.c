/* Any bytes as wikitext: it has prose, hardly longer than itself, and the same each time. */
#include <stdlib.h>

#include "base/buf.h"
#include "io/wikitext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_str text = { (const char *)data, size };
    mci_wikitext w = { 0 };
    mci_buf first = { 0 }, second = { 0 };
    mc_str hidden = mc_str_of("datei\nkategorie\n");
    if (mci_wikitext_to_prose(&w, text, hidden, &first, NULL) != MC_OK ||
        mci_wikitext_to_prose(&w, text, hidden, &second, NULL) != MC_OK)
        abort();
    if (!mc_str_equal(mci_buf_str(&first), mci_buf_str(&second)) ||
        first.len > 3 * size + 2) /* what is no character becomes U+FFFD */
        abort();
    mci_wikitext_release(&w);
    mci_buf_release(&first);
    mci_buf_release(&second);
    return 0;
}
