#include "curate/languages.h"

#include <stdio.h>

#include "curate/stages.h"
#include "text/langid.h"

static int compare(mc_str a, mc_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Keeps them in order. */
static mc_status add_code(mci_languages *languages, mc_str code, mc_error *err)
{
    if (!mci_language_is_known(code))
        return mc_fail(err, MC_E_ARG,
                       "no language is identified as \"%.*s\"; codes are such as en, de, zh, ja, "
                       "zh-Hant, and und for what is undecided",
                       (int)code.len, code.data);
    size_t i = languages->n;
    while (i > 0 && compare(code, languages->codes[i - 1]) < 0)
        i--;
    if (i > 0 && mc_str_equal(code, languages->codes[i - 1]))
        return MC_OK;
    if (languages->n == MCI_MAX_LANGUAGES)
        return mc_fail(err, MC_E_ARG, "more than %d languages", (int)MCI_MAX_LANGUAGES);
    memmove(languages->codes + i + 1, languages->codes + i,
            (languages->n - i) * sizeof *languages->codes);
    languages->codes[i] = code;
    languages->n++;
    return MC_OK;
}

mc_status mci_languages_parse(const char *list, mci_languages *out, mc_error *err)
{
    mci_languages languages = { .n = 0 };
    while (list) {
        const char *comma = strchr(list, ',');
        mc_str code = { list, comma ? (size_t)(comma - list) : strlen(list) };
        MC_TRY(add_code(&languages, code, err));
        list = comma ? comma + 1 : NULL;
    }
    *out = languages;
    return MC_OK;
}

mc_status mci_languages_write(const mci_languages *languages, mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < languages->n; i++) {
        if (i > 0)
            MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_buf_add(out, languages->codes[i], err));
    }
    return MC_OK;
}

void mci_languages_tell(const mci_languages *languages, mc_card *card)
{
    size_t n = 0;
    for (size_t i = 0; i < languages->n; i++)
        n += (size_t)snprintf(card->languages + n, sizeof card->languages - n, "%s%.*s",
                              i ? "," : "", (int)languages->codes[i].len, languages->codes[i].data);
    if (languages->n)
        mci_languages_tell_source(card);
}

void mci_languages_tell_source(mc_card *card)
{
    snprintf(card->identified_by, sizeof card->identified_by, "CLD2 %s", mci_language_version());
}

static mc_status is_wanted(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                           bool *keeps, mc_error *err)
{
    const mci_languages *languages = user;
    (void)record, (void)err;
    if (text->lang.len == 0)
        text->lang = mc_str_of(mci_language_of(text->text));
    size_t i = 0;
    while (i < languages->n && !mc_str_equal(languages->codes[i], text->lang))
        i++;
    *keeps = i < languages->n;
    batch->n.pairs_other_language += !*keeps;
    return MC_OK;
}

mc_status mci_language_batch(const mci_languages *languages, mci_batch *batch, mc_error *err)
{
    if (languages->n == 0)
        return MC_OK;
    return mci_filter_batch(is_wanted, (void *)languages, batch, &batch->n.records_other_language,
                            err);
}
