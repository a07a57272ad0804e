/* Any bytes as a fastText model: it is refused with a reason, or gives every text one of its labels
 * or none, the same one each time. What follows the first "\0\n\0\n" is
 * no part of the model but one more text. */
#include <stdlib.h>

#include "text/fasttext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void predict(const mci_fasttext *model, mci_fasttext_scratch *scratch, mc_str text)
{
    float a = 0, b = 0;
    int label = mci_fasttext_predict(model, scratch, text, &a);
    require(label >= MCI_NO_LABEL && label < (int)mci_fasttext_n_labels(model));
    require(label == mci_fasttext_predict(model, scratch, text, &b));
    require(label == MCI_NO_LABEL || (a >= 0 && a < 2 && memcmp(&a, &b, sizeof a) == 0));
    if (label == MCI_NO_LABEL)
        return;
    mc_str name = mci_fasttext_label(model, (size_t)label);
    require(name.len > 0 && name.len <= MCI_FASTTEXT_LABEL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const texts[] = { "", "a dog", "der Hund </s> x", "\xE7\x8C\xAB a\xFF\xE7",
                                         "__label__a a b c a b" };
    mc_str file = { (const char *)data, size }, more = { NULL, 0 };
    mc_error err = { 0 };
    mci_fasttext *model = NULL;
    mci_fasttext_scratch *scratch = NULL;
    const char *mark = size ? memmem(data, size, "\0\n\0\n", 4) : NULL;
    if (mark) {
        more = (mc_str){ mark + 4, (size_t)(file.data + size - mark) - 4 };
        file.len = (size_t)(mark - file.data);
    }
    mc_status status = mci_fasttext_open(file, &model, &err);
    require(status >= 0 || (err.text[0] && status == err.status));
    if (status < 0)
        return 0;
    require(mci_fasttext_scratch_new(model, &scratch, NULL) == MC_OK);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        predict(model, scratch, mc_str_of(texts[i]));
    predict(model, scratch, more);
    mci_fasttext_scratch_free(scratch);
    mci_fasttext_free(model);
    return 0;
}
