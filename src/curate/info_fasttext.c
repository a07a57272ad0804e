/* What a fastText model is: read as identification reads it, so that one which is told of can be
 * used. */
#include <stdio.h>

#include "base/files.h"
#include "base/hash.h"
#include "curate/info_internal.h"
#include "text/fasttext.h"

/* As many as fit into the room for a fact, and whether there are more. */
static void tell_labels(const mci_fasttext *model, size_t n, mc_info *info)
{
    char text[sizeof info->facts[0].value] = "";
    size_t used = 0, i = 0;
    for (; i < n; i++) {
        const mc_str label = mci_fasttext_label(model, i);
        if (used + label.len + sizeof ", , ..." > sizeof text)
            break;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", i ? ", " : "",
                                 (int)label.len, label.data);
    }
    mci_info_count(info, "labels", n);
    mci_info_fact(info, "the first labels", "%s%s", text, i < n ? ", ..." : "");
}

static void tell_ngrams(const mci_fasttext_facts *facts, mc_info *info)
{
    if (facts->max_chars)
        mci_info_fact(info, "n-grams of characters", "%u to %u", facts->min_chars,
                      facts->max_chars);
    if (facts->word_ngrams > 1)
        mci_info_fact(info, "n-grams of words", "2 to %u", facts->word_ngrams);
    if (facts->is_pruned)
        mci_info_fact(info, "n-grams kept", "%llu, of %u buckets",
                      (unsigned long long)facts->n_kept, facts->buckets);
    else if (facts->buckets)
        mci_info_count(info, "buckets of n-grams", facts->buckets);
}

static void tell(const mci_fasttext *model, mc_info *info)
{
    const mci_fasttext_facts facts = mci_fasttext_tell(model);
    mci_info_kind(info, "fastText language model");
    mci_info_fact(info, "vectors", "%s%s",
                  !facts.is_quantised         ? "float32"
                  : facts.is_output_quantised ? "quantised, of labels too"
                                              : "quantised, of labels float32",
                  facts.is_pruned ? "; pruned" : "");
    mci_info_count(info, "dimensions", facts.dim);
    tell_labels(model, facts.n_labels, info);
    mci_info_count(info, "words", facts.n_words);
    tell_ngrams(&facts, info);
    mci_info_fact(info, "loss", "%s", facts.loss);
}

static mc_status tell_file(const char *path, mc_str bytes, mc_info *info, mc_error *err)
{
    char sha256[MC_SHA256_DIGITS + 1];
    mci_fasttext *model = NULL;
    if (!mci_fasttext_is(bytes))
        return mc_fail(err, MC_E_FORMAT,
                       "%s: a compressed fastText model; models are mapped, so decompress it",
                       path);
    mc_status status = mci_fasttext_open(bytes, &model, err);
    if (status < 0)
        return mc_add_context(err, status, "%s", path);
    tell(model, info);
    mci_fasttext_free(model);
    MC_TRY(mci_sha256_of(bytes, sha256, err));
    mci_info_count(info, "bytes", bytes.len);
    mci_info_fact(info, "SHA-256", "%s", sha256);
    return MC_OK;
}

mc_status mci_info_fasttext(const char *path, mc_info *info, mc_error *err)
{
    mci_mapped file;
    MC_TRY(mci_map_file(path, &file, err));
    mc_status status = tell_file(path, (mc_str){ file.data, file.n_bytes }, info, err);
    mci_unmap_file(&file);
    return status;
}
