#include "curate/identify.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "text/answers.h"
#include "text/fasttext.h"
#include "text/langid.h"

struct mci_identifier {
    char name[MC_LANGUAGES_TEXT];
    char sha256[MC_SHA256_DIGITS + 1];
    double least;
    mci_mapped file;
    mci_fasttext *model; /* NULL: CLD2 */
    mci_answers *answers;
};

struct mci_identifier_scratch {
    mci_fasttext_scratch *of_model; /* NULL: CLD2 needs none */
};

/* ---- opening ---- */

static mc_status name_model(mci_identifier *id, const mc_pool *pool, mc_error *err)
{
    mci_buf name = { 0 };
    uint64_t n_replaced = 0;
    mc_str file = mc_str_of(pool->lid_model + mci_folder_length(pool->lid_model));
    mc_status status = mci_utf8_repair(file, &name, &n_replaced, err);
    if (status >= 0)
        snprintf(id->name, sizeof id->name, "fastText %.*s, SHA-256 %s", (int)name.len, name.data,
                 id->sha256);
    size_t n = strlen(id->name);
    if (status >= 0 && id->least > 0)
        snprintf(id->name + n, sizeof id->name - n, ", probability %g or more", id->least);
    mci_buf_release(&name);
    return status;
}

static mc_status open_model(mci_identifier *id, const mc_pool *pool, mc_error *err)
{
    MC_TRY(mci_map_file(pool->lid_model, &id->file, err));
    mc_str bytes = { id->file.data, id->file.n_bytes };
    mc_status status = mci_fasttext_open(bytes, &id->model, err);
    if (status < 0)
        return mc_add_context(err, status, "%s", pool->lid_model);
    MC_TRY(mci_sha256_of(bytes, id->sha256, err));
    return name_model(id, pool, err);
}

static mc_status check_least(const mc_pool *pool, mc_error *err)
{
    if (!(pool->lid_least >= 0 && pool->lid_least <= 1))
        return mc_fail(err, MC_E_ARG, "a language's least probability is from 0 to 1, not %g",
                       pool->lid_least);
    if (pool->lid_least > 0 && !pool->lid_model)
        return mc_fail(err, MC_E_ARG,
                       "CLD2 gives languages no probability; a least one is for a fastText model");
    return MC_OK;
}

mc_status mci_identifier_open(const mc_pool *pool, mci_identifier **out, mc_error *err)
{
    MC_TRY(check_least(pool, err));
    mci_identifier *id = mci_alloc_zeroed(1, sizeof *id);
    if (!id)
        return mci_nomem(err, sizeof *id);
    id->least = pool->lid_least;
    snprintf(id->name, sizeof id->name, "CLD2 %s", mci_language_version());
    mc_status status = pool->lid_model ? open_model(id, pool, err) : MC_OK;
    if (status >= 0)
        status = mci_answers_new(&id->answers, err);
    if (status < 0)
        mci_identifier_close(id);
    else
        *out = id;
    return status;
}

void mci_identifier_close(mci_identifier *id)
{
    if (!id)
        return;
    mci_answers_free(id->answers);
    mci_fasttext_free(id->model);
    mci_unmap_file(&id->file);
    mci_free(id);
}

mc_status mci_identifier_scratch_new(const mci_identifier *id, mci_identifier_scratch **out,
                                     mc_error *err)
{
    mci_identifier_scratch *scratch = mci_alloc_zeroed(1, sizeof *scratch);
    if (!scratch)
        return mci_nomem(err, sizeof *scratch);
    mc_status status =
        id->model ? mci_fasttext_scratch_new(id->model, &scratch->of_model, err) : MC_OK;
    if (status < 0)
        mci_identifier_scratch_free(scratch);
    else
        *out = scratch;
    return status;
}

void mci_identifier_scratch_free(mci_identifier_scratch *scratch)
{
    if (!scratch)
        return;
    mci_fasttext_scratch_free(scratch->of_model);
    mci_free(scratch);
}

/* ---- identifying ---- */

/* Languages are numbered, by CLD2; or a model's labels from 1 on, and 0 is undecided. */
static uint16_t look(const mci_identifier *id, mci_identifier_scratch *scratch, mc_str text)
{
    float probability;
    if (!id->model)
        return (uint16_t)mci_language_number(text);
    int label = mci_fasttext_predict(id->model, scratch->of_model, text, &probability);
    bool is_decided = label != MCI_NO_LABEL && (double)probability >= id->least;
    return is_decided ? (uint16_t)(label + 1) : 0;
}

static mc_str code_of(const mci_identifier *id, uint16_t number)
{
    if (!id->model)
        return mc_str_of(mci_language_code(number));
    return number ? mci_fasttext_label(id->model, number - 1U) : mc_str_of(MCI_LANGUAGE_UNDECIDED);
}

void mci_identify_soon(const mci_identifier *id, mc_str text)
{
    mci_answers_prefetch(id->answers, mci_hash128_of(text));
}

mc_str mci_identify(const mci_identifier *id, mci_identifier_scratch *scratch, mc_str text)
{
    uint16_t number;
    mci_hash128 hash = mci_hash128_of(text);
    if (!mci_answers_find(id->answers, hash, &number)) {
        number = look(id, scratch, text);
        mci_answers_keep(id->answers, hash, number);
    }
    return code_of(id, number);
}

/* ---- what it is ---- */

const char *mci_identifier_name(const mci_identifier *id)
{
    return id->name;
}

const char *mci_identifier_sha256(const mci_identifier *id)
{
    return id->sha256;
}

static bool is_known(const mci_identifier *id, mc_str code)
{
    if (!id->model)
        return mci_language_is_known(code);
    bool found = mc_str_equal(code, mc_str_of(MCI_LANGUAGE_UNDECIDED));
    for (size_t i = 0; i < mci_fasttext_n_labels(id->model) && !found; i++)
        found = mc_str_equal(code, mci_fasttext_label(id->model, i));
    return found;
}

/* "en, de, zh": the first few of the model's, which are those of most texts. */
static void name_some(const mci_identifier *id, char *to, size_t n_bytes)
{
    enum { SOME = 4 };
    size_t n = 0;
    for (size_t i = 0; i < SOME && i < mci_fasttext_n_labels(id->model); i++) {
        mc_str label = mci_fasttext_label(id->model, i);
        n += (size_t)snprintf(to + n, n_bytes - n, "%s%.*s", i ? ", " : "", (int)label.len,
                              label.data);
    }
}

mc_status mci_identifier_check(const mci_identifier *id, mc_str code, mc_error *err)
{
    char some[160] = "en, de, zh, ja, zh-Hant";
    if (is_known(id, code))
        return MC_OK;
    if (id->model)
        name_some(id, some, sizeof some);
    return mc_fail(err, MC_E_ARG,
                   "no language is identified as \"%.*s\"; codes are such as %s, and und for what "
                   "is undecided",
                   (int)code.len, code.data, some);
}
