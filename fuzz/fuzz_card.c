/* Any bytes as a data card; a card that is read can be compared with itself. */
#include <stdlib.h>

#include "curate/card.h"
#include "io/whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_card card = { 0 };
    mc_card_difference difference;
    mc_error err = { 0 };
    mc_status status = mci_parse_whole((mc_str){ (const char *)data, size }, &json, &root, &err);
    if (status == MC_OK)
        status = mci_card_parse(root, &card, &err);
    if (status == MC_OK) {
        if (mc_card_compare(&card, &card, &difference, &err) != MC_OK || difference.n_differ ||
            !difference.same_metadata || difference.total_variation != 0.0)
            abort();
    } else if (status > 0 || card.pool || err.text[0] == '\0') {
        abort();
    }
    mc_card_release(&card);
    mci_json_free(json);
    return 0;
}
