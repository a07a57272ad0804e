/* Any text as the config of a training run: a reason, or a config that is written and read again as
 * the same. */
#include <stdlib.h>

#include "train/train_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *json_of(const mc_train_config *config)
{
    mc_error err = { 0 };
    char *text = NULL;
    if (mc_train_config_json(config, &text, &err) < 0)
        abort();
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = { 0 };
    mc_train_config *config = NULL, *again = NULL;
    if (mci_train_config_of_text((mc_str){ (const char *)data, size }, &config, &err) < 0) {
        if (!err.text[0])
            abort();
        return 0;
    }
    char *text = json_of(config);
    if (mci_train_config_of_text(mc_str_of(text), &again, &err) < 0)
        abort();
    char *same = json_of(again);
    if (strcmp(text, same) != 0)
        abort();
    mc_free(text);
    mc_free(same);
    mc_train_config_free(config);
    mc_train_config_free(again);
    return 0;
}
