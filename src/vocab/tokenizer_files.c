#include "vocab/tokenizer_files.h"

#include <sys/stat.h>

#include "base/files.h"
#include "base/utf8.h"
#include "io/whole.h"
#include "text/tokenizer.h"
#include "vocab/vocab_json.h"

/* Several times what the largest published vocabulary has. */
enum { MAX_VOCAB_BYTES = 256 << 20, MAX_CONFIG_BYTES = 16 << 20 };

static const char vocab_name[] = "vocab.json", merges_name[] = "merges.txt",
                  config_name[] = "tokenizer_config.json";

/* ---- by content ---- */

static bool starts_with(mc_str text, const char *start)
{
    size_t n = strlen(start);
    return text.len >= n && memcmp(text.data, start, n) == 0;
}

static bool holds(mc_str text, const char *part)
{
    return text.len > 0 && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

mci_vocab_file mci_vocab_file_of(mc_str bytes)
{
    enum {
        FIELD_1 = 0x0A
    }; /* of a protocol buffer; as a text, a blank line where the heading is */
    mc_str start = bytes;
    if (bytes.len > 0 && bytes.data[0] == FIELD_1)
        return MCI_VOCAB_FILE_PIECES;
    while (start.len && memchr(" \t\r\n", start.data[0], 4))
        start = (mc_str){ start.data + 1, start.len - 1 };
    if (starts_with(start, "{"))
        return holds(bytes, "\"model\"") && holds(bytes, "\"merges\"")    ? MCI_VOCAB_FILE_TOKENIZER
               : holds(bytes, "\"model\"") && holds(bytes, "\"Unigram\"") ? MCI_VOCAB_FILE_TOKENIZER
                                                                          : MCI_VOCAB_FILE_JSON;
    if (!mci_utf8_valid(bytes) || (bytes.len && memchr(bytes.data, '\0', bytes.len)))
        return MCI_VOCAB_FILE_OTHER;
    return starts_with(bytes, "#version") ? MCI_VOCAB_FILE_MERGES : MCI_VOCAB_FILE_SIMPLE;
}

static mc_status of_bpe(mc_status status, mci_bpe_vocab *vocab, mc_token_rule rule,
                        mc_tokenizer **out, mc_error *err)
{
    return status < 0 ? status : mci_tokenizer_of_bpe(vocab, rule, out, err);
}

mc_status mci_tokenizer_of_file(mc_str bytes, mci_vocab_file form, mc_token_rule rule,
                                mc_tokenizer **out, mc_error *err)
{
    mci_bpe_vocab *vocab = NULL;
    mc_status status = MC_OK;
    switch (form) {
    case MCI_VOCAB_FILE_SIMPLE:
        status = mci_bpe_vocab_parse(bytes, &vocab, err);
        return of_bpe(status, vocab, rule, out, err);
    case MCI_VOCAB_FILE_TOKENIZER:
        status = mci_bpe_of_tokenizer_json(bytes, &vocab, err);
        return of_bpe(status, vocab, rule, out, err);
    case MCI_VOCAB_FILE_PIECES:
        return mci_tokenizer_of_pieces(bytes, out, err);
    default:
        return mc_fail(err, MC_E_FORMAT,
                       "this is no vocabulary: wanted are bpe_simple_vocab_16e6.txt.gz, vocab.json "
                       "with merges.txt, tokenizer.json, sentencepiece.bpe.model or spiece.model");
    }
}

/* ---- files ---- */

/* Puts "folder/name" into path, with a NUL. */
static mc_status name_in(mc_str folder, const char *name, mci_buf *path, mc_error *err)
{
    mci_buf_clear(path);
    MC_TRY(mci_buf_add(path, folder, err));
    if (folder.len > 0 && folder.data[folder.len - 1] != '/')
        MC_TRY(mci_buf_byte(path, '/', err));
    MC_TRY(mci_buf_add(path, mc_str_of(name), err));
    return mci_buf_terminate(path, err);
}

static mc_status read_beside(mc_str folder, const char *name, mci_buf *out, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = name_in(folder, name, &path, err);
    if (status >= 0)
        status = mci_read_whole(path.data, MAX_VOCAB_BYTES, out, err);
    mci_buf_release(&path);
    if (status == MC_E_IO)
        return mc_add_context(err, status, "%s and %s belong together", vocab_name, merges_name);
    return status;
}

/* Whether `name` lies in the folder: then *path is where. */
static mc_status find_in(mc_str folder, const char *name, mci_buf *path, bool *found, mc_error *err)
{
    MC_TRY(name_in(folder, name, path, err));
    *found = mci_file_exists(path->data);
    return MC_OK;
}

static mc_status take_rule(mci_json_value root, mc_token_rule *rule, mc_error *err)
{
    mci_json_value value;
    *rule = MC_RULE_OPENAI;
    if (!mci_json_get(root, "metaclip_rule", &value))
        return MC_OK;
    const mc_str word = mci_json_string(value);
    if (mc_str_equal(word, mc_str_of("hf")))
        *rule = MC_RULE_HF;
    else if (!mc_str_equal(word, mc_str_of("openai")))
        return mc_fail(err, MC_E_FORMAT, "metaclip_rule: want \"openai\" or \"hf\"");
    return MC_OK;
}

/* By which rule the model of this folder was trained. */
static mc_status rule_beside(mc_str folder, mc_token_rule *rule, mc_error *err)
{
    mci_buf path = { 0 };
    mci_json *json = NULL;
    mci_json_value root;
    bool found = false;
    mc_status status = find_in(folder, config_name, &path, &found, err);
    *rule = MC_RULE_OPENAI;
    if (status >= 0 && found) {
        status = mci_json_load(path.data, MAX_CONFIG_BYTES, &json, &root, err);
        if (status >= 0) {
            status = take_rule(root, rule, err);
            if (status < 0)
                mc_add_context(err, status, "%s", path.data);
        }
    }
    mci_json_free(json);
    mci_buf_release(&path);
    return status;
}

/* vocab.json and merges.txt, one of which was read. */
static mc_status open_pair(const char *path, const mci_buf *bytes, bool is_vocab,
                           mc_token_rule rule, mc_tokenizer **out, mc_error *err)
{
    mci_buf other = { 0 };
    mci_bpe_vocab *vocab = NULL;
    mc_str folder = { path, mci_folder_length(path) };
    if (rule == MC_RULE_AUTO)
        MC_TRY(rule_beside(folder, &rule, err));
    MC_TRY(read_beside(folder, is_vocab ? merges_name : vocab_name, &other, err));
    mc_status status = mci_bpe_of_vocab_json(mci_buf_str(is_vocab ? bytes : &other),
                                             mci_buf_str(is_vocab ? &other : bytes), &vocab, err);
    mci_buf_release(&other);
    if (status < 0)
        return mc_add_context(err, status, "%s", path);
    return mci_tokenizer_of_bpe(vocab, rule, out, err);
}

/* Whether vocab.json lies beside a file: a small vocabulary of ours or of others may have the
 * heading of a merges.txt, and be whole without it. */
static mc_status has_vocab_beside(const char *path, bool *has, mc_error *err)
{
    mci_buf name = { 0 };
    mc_status status =
        find_in((mc_str){ path, mci_folder_length(path) }, vocab_name, &name, has, err);
    mci_buf_release(&name);
    return status;
}

static mc_status open_bytes(const char *path, const mci_buf *bytes, mc_token_rule rule,
                            mc_tokenizer **out, mc_error *err)
{
    mci_vocab_file form = mci_vocab_file_of(mci_buf_str(bytes));
    bool has_vocab = false;
    if (form == MCI_VOCAB_FILE_MERGES) {
        MC_TRY(has_vocab_beside(path, &has_vocab, err));
        form = has_vocab ? form : MCI_VOCAB_FILE_SIMPLE;
    }
    if (form == MCI_VOCAB_FILE_JSON || form == MCI_VOCAB_FILE_MERGES)
        return open_pair(path, bytes, form == MCI_VOCAB_FILE_JSON, rule, out, err);
    mc_status status = mci_tokenizer_of_file(mci_buf_str(bytes), form, rule, out, err);
    return status < 0 ? mc_add_context(err, status, "%s", path) : status;
}

static mc_status open_file(const char *path, mc_token_rule rule, mc_tokenizer **out, mc_error *err)
{
    mci_buf bytes = { 0 };
    mc_status status = mci_read_whole(path, MAX_VOCAB_BYTES, &bytes, err);
    if (status >= 0)
        status = open_bytes(path, &bytes, rule, out, err);
    mci_buf_release(&bytes);
    return status;
}

static mc_status open_folder(const char *folder, mc_token_rule rule, mc_tokenizer **out,
                             mc_error *err)
{
    static const char *const names[] = {
        "sentencepiece.bpe.model",      "spiece.model", vocab_name, "tokenizer.json",
        "bpe_simple_vocab_16e6.txt.gz",
    };
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(names) && status >= 0 && !found; i++)
        status = find_in(mc_str_of(folder), names[i], &path, &found, err);
    if (status >= 0 && found)
        status = open_file(path.data, rule, out, err);
    mci_buf_release(&path);
    if (status < 0 || found)
        return status;
    return mc_fail(err, MC_E_FORMAT,
                   "%s: no vocabulary is in this folder: wanted is one of sentencepiece.bpe.model, "
                   "spiece.model, vocab.json with merges.txt, tokenizer.json, "
                   "bpe_simple_vocab_16e6.txt.gz",
                   folder);
}

mc_status mc_tokenizer_open(const char *path, mc_token_rule rule, mc_tokenizer **out, mc_error *err)
{
    struct stat info;
    bool is_folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    return (is_folder ? open_folder : open_file)(path, rule, out, err);
}
