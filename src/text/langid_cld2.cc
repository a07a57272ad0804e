#include <stdio.h> /* which CLD2's headers want */

#include <cld2/internal/lang_script.h>
#include <cld2/public/compact_lang_det.h>

#include <cstring>

#include "text/langid.h"

namespace
{

const size_t most_bytes = 64 * 1024;

/* At most so many bytes, and no part of a character. */
int length_looked_at(mc_str text)
{
    size_t n = text.len;
    if (n > most_bytes) {
        n = most_bytes;
        while (n > 0 && (static_cast<unsigned char>(text.data[n]) & 0xC0) == 0x80)
            n--;
    }
    return static_cast<int>(n);
}

const char *code_of(CLD2::Language language)
{
    return language == CLD2::UNKNOWN_LANGUAGE ? MCI_LANGUAGE_UNDECIDED
                                              : CLD2::LanguageCode(language);
}

} // namespace

const char *mci_language_of(mc_str text)
{
    if (text.len == 0)
        return MCI_LANGUAGE_UNDECIDED;
    try {
        CLD2::Language three[3];
        int percents[3], n_text_bytes = 0, n_valid_bytes = 0;
        double scores[3];
        bool is_reliable = false;
        CLD2::Language language = CLD2::ExtDetectLanguageSummaryCheckUTF8(
            text.data, length_looked_at(text), true, nullptr, 0, three, percents, scores, nullptr,
            &n_text_bytes, &is_reliable, &n_valid_bytes);
        return is_reliable ? code_of(language) : MCI_LANGUAGE_UNDECIDED;
    } catch (...) {
        return MCI_LANGUAGE_UNDECIDED; /* of a library that throws nothing but for want of memory */
    }
}

const char *mci_language_version(void)
{
    return CLD2::DetectLanguageVersion();
}

bool mci_language_is_known(mc_str code)
{
    if (code.len == 0) /* some of CLD2's own have none */
        return false;
    for (int i = 0; i < CLD2::NUM_LANGUAGES; i++) {
        const char *known = code_of(static_cast<CLD2::Language>(i));
        if (std::strlen(known) == code.len && std::memcmp(known, code.data, code.len) == 0)
            return true;
    }
    return false;
}
