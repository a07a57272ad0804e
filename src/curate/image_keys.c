#include "curate/image_keys.h"

mc_status mci_image_key_batch(mci_batch *batch, uint64_t seed, mc_error *err)
{
    mci_place_batch(batch);
    uint64_t position = batch->first_text;
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        mci_hash128 image = mci_hash128_pair(record->uuid, (mc_str){ 0 });
        for (size_t j = 0; j < record->n_texts; j++, position++) {
            const mc_text *text = &record->texts[j];
            mci_image_key key = { image, 0, position };
            if (text->n_entries == 0)
                continue;
            key.number = mc_text_number(record->uuid, text->text, seed);
            MC_TRY(mci_buf_append(&batch->extra, &key, sizeof key, err));
        }
    }
    return MC_OK;
}
