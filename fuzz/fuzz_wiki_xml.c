/* Any bytes as a piece of a dump: pages are found one behind the other, and parsed or refused with
 * a reason. */
#include <stdlib.h>

#include "base/buf.h"
#include "io/wiki_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_all(mci_wiki_xml *xml, mc_str text)
{
    for (;;) {
        size_t end, begin = mci_wiki_find_page(text, &end);
        if (begin > text.len || (end && (end <= begin || end > text.len)))
            abort();
        if (end == 0)
            return;
        mci_wiki_page page;
        mc_error err = { 0 };
        mc_str element = { text.data + begin, end - begin };
        mc_status status = mci_wiki_xml_parse(xml, element, &page, &err);
        if (status == MC_OK ? page.text.len > element.len : status < 0 || !err.text[0])
            abort();
        text = (mc_str){ text.data + end, text.len - end };
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_str text = { (const char *)data, size };
    mci_wiki_xml *xml = NULL;
    mci_wiki_page page;
    mci_buf names = { 0 };
    if (mci_wiki_xml_new(&xml, NULL) != MC_OK)
        return 0;
    parse_all(xml, text);
    mci_wiki_xml_parse(xml, text, &page, NULL);
    mci_wiki_namespaces(text, &names, NULL);
    if (names.len > 2 * (size + 1)) /* two names, which may share bytes of what is malformed */
        abort();
    mci_buf_release(&names);
    mci_wiki_xml_free(xml);
    return 0;
}
