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

/* What a text of ASCII is made of. */
struct ascii_text {
    bool is_plain; /* spaces, line ends and what can be printed: nothing that CLD2 would refuse */
    bool has_letters;
};

ascii_text look_at(const char *text, int n)
{
    bool is_odd = false, has_letters = false;
    for (int i = 0; i < n; i++) {
        unsigned char byte = static_cast<unsigned char>(text[i]);
        is_odd |= (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') || byte > '~';
        has_letters |= static_cast<unsigned char>((byte | 0x20) - 'a') < 26;
    }
    return { !is_odd, has_letters };
}

/* Plain ASCII is not checked once more, and without letters it is of no language: CLD2 looks at
 * letters only. */
CLD2::Language detect(const char *text, int n)
{
    CLD2::Language three[3];
    int percents[3], n_text_bytes = 0, n_valid_bytes = 0;
    double scores[3];
    bool is_reliable = false;
    ascii_text ascii = look_at(text, n);
    if (ascii.is_plain && !ascii.has_letters)
        return CLD2::UNKNOWN_LANGUAGE;
    CLD2::Language language =
        ascii.is_plain
            ? CLD2::ExtDetectLanguageSummary(text, n, true, nullptr, 0, three, percents, scores,
                                             nullptr, &n_text_bytes, &is_reliable)
            : CLD2::ExtDetectLanguageSummaryCheckUTF8(text, n, true, nullptr, 0, three, percents,
                                                      scores, nullptr, &n_text_bytes, &is_reliable,
                                                      &n_valid_bytes);
    return is_reliable ? language : CLD2::UNKNOWN_LANGUAGE;
}

} // namespace

unsigned mci_language_number(mc_str text)
{
    if (text.len == 0)
        return CLD2::UNKNOWN_LANGUAGE;
    try {
        return detect(text.data, length_looked_at(text));
    } catch (...) {
        return CLD2::UNKNOWN_LANGUAGE; /* of a library that throws only for want of memory */
    }
}

const char *mci_language_code(unsigned number)
{
    return code_of(static_cast<CLD2::Language>(number));
}

const char *mci_language_of(mc_str text)
{
    return mci_language_code(mci_language_number(text));
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
