/* Any bytes as a PyTorch file, of either form: tensors that lie inside it, or a reason; and what
 * its shapes make a model of, fits them. */
#include <stdlib.h>

#include "model/checkpoint_internal.h"
#include "model/pt.h"

enum { MOST_VALUES = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values of what is stored with few of them: strides of 0 may make many. */
static void read_all(const mci_tensor_store *store)
{
    static float values[MOST_VALUES];
    for (size_t i = 0; i < store->n; i++) {
        const mci_stored *item = &store->items[i];
        if (mci_stored_is_weight(item->type) &&
            mci_stored_n_values(item->rank, item->dims) <= MOST_VALUES)
            mci_view_read(item, values);
    }
}

static void take_as_model(mci_checkpoint *c)
{
    mc_error err = { 0 };
    for (int i = 0; i < 2; i++) {
        bool is_known;
        c->is_hugging_face = i;
        if (mci_checkpoint_guess(c, &c->config, &is_known, &err) < 0 ||
            mci_checkpoint_check(c, &err) < 0) {
            if (!err.text[0])
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = { 0 };
    mci_checkpoint c = { 0 };
    mc_str file = { (const char *)data, size };
    c.store.most_values = size;
    mc_status status = mci_pt_is(file) ? mci_pt_parse(file, &c.store, &err) : MC_OK;
    if (status < 0 && !err.text[0])
        abort();
    read_all(&c.store);
    if (mci_tensor_store_index(&c.store, &err) >= 0)
        take_as_model(&c);
    mci_tensor_store_release(&c.store);
    return 0;
}
