#include "curate/languages.h"

#include <stdio.h>

#include "curate/stages.h"

static int compare(mc_str a, mc_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Keeps them in order. */
static mc_status add_code(mci_languages *languages, mc_str code, mc_error *err)
{
    MC_TRY(mci_identifier_check(languages->identifier, code, err));
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

static mc_status add_codes(mci_languages *languages, const char *list, mc_error *err)
{
    while (list) {
        const char *comma = strchr(list, ',');
        mc_str code = { list, comma ? (size_t)(comma - list) : strlen(list) };
        MC_TRY(add_code(languages, code, err));
        list = comma ? comma + 1 : NULL;
    }
    return MC_OK;
}

mc_status mci_languages_open(const mc_pool *pool, bool routes, mci_languages *out, mc_error *err)
{
    mci_languages languages = { .n = 0 };
    *out = languages;
    if (!pool->languages && !routes) {
        bool is_idle = pool->lid_model || pool->lid_least > 0;
        return is_idle ? mc_fail(err, MC_E_ARG,
                                 "a model that identifies languages is of use with --lang, or "
                                 "with a folder of lists, only")
                       : MC_OK;
    }
    MC_TRY(mci_identifier_open(pool, &languages.identifier, err));
    mc_status status = add_codes(&languages, pool->languages, err);
    if (status < 0)
        mci_languages_close(&languages);
    else
        *out = languages;
    return status;
}

void mci_languages_close(mci_languages *languages)
{
    mci_identifier_close(languages->identifier);
    *languages = (mci_languages){ .n = 0 };
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
    if (languages->identifier)
        snprintf(card->identified_by, sizeof card->identified_by, "%s",
                 mci_identifier_name(languages->identifier));
}

void mci_languages_sum_up(const mci_languages *languages, mc_summary *summary)
{
    if (languages->identifier)
        snprintf(summary->identified_by, sizeof summary->identified_by, "%s",
                 mci_identifier_name(languages->identifier));
}

/* ---- a batch ---- */

typedef struct {
    const mci_languages *languages;
    mci_identifier_scratch *scratch;
} identifying;

static bool is_named(const mci_languages *languages, mc_str code)
{
    size_t i = 0;
    while (i < languages->n && !mc_str_equal(languages->codes[i], code))
        i++;
    return i < languages->n;
}

static mc_status is_wanted(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                           bool *keeps, mc_error *err)
{
    const identifying *by = user;
    (void)record, (void)err;
    if (text->lang.len == 0)
        text->lang = mci_identify(by->languages->identifier, by->scratch, text->text);
    *keeps = by->languages->n == 0 || is_named(by->languages, text->lang);
    batch->n.pairs_other_language += !*keeps;
    mci_language_count(&batch->languages, text->lang, *keeps);
    return MC_OK;
}

/* All of a batch at once: its lines fit into the near caches. */
static void announce(const mci_identifier *identifier, const mci_batch *batch)
{
    for (size_t i = 0; i < batch->list.n; i++)
        for (size_t j = 0; j < batch->list.records[i].n_texts; j++)
            if (batch->list.records[i].texts[j].lang.len == 0)
                mci_identify_soon(identifier, batch->list.records[i].texts[j].text);
}

mc_status mci_language_batch(const mci_languages *languages, mci_identifier_scratch *scratch,
                             mci_batch *batch, mc_error *err)
{
    identifying by = { languages, scratch };
    if (!languages->identifier)
        return MC_OK;
    announce(languages->identifier, batch);
    return mci_filter_batch(is_wanted, &by, batch, &batch->n.records_other_language, err);
}
