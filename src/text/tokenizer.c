/* The three kinds of vocabularies behind one face. */
#include "text/tokenizer.h"

#include "base/alloc.h"
#include "base/threads.h"
#include "base/utf8.h"
#include "text/pieces.h"

/* XLM-V's ids are those of XLM-R: four of its own, then SentencePiece's pieces from the third on,
 * each plus one, then <mask>. */
enum { XLMV_START, XLMV_PADDING, XLMV_END, XLMV_UNKNOWN, XLMV_OFFSET = 1, XLMV_MORE = 2 };
enum { MT5_PADDING, MT5_END, MT5_UNKNOWN };

struct mc_tokenizer {
    mc_tokenizer_facts facts;
    mci_bpe_vocab *vocab; /* of CLIP, else NULL */
    mci_nfc *nfc;         /* for MC_RULE_HF, else NULL */
    mci_pieces *pieces;   /* of the others, else NULL */
};

struct mc_token_scratch {
    const mc_tokenizer *tokenizer;
    mci_clip_scratch clip;
    mci_buf repaired;
};

/* ---- making ---- */

mc_status mci_tokenizer_of_bpe(mci_bpe_vocab *vocab, mc_token_rule rule, mc_tokenizer **out,
                               mc_error *err)
{
    mc_tokenizer *tokenizer = mci_alloc_zeroed(1, sizeof *tokenizer);
    if (!tokenizer) {
        mci_bpe_vocab_free(vocab);
        return mci_nomem(err, sizeof *tokenizer);
    }
    if (rule == MC_RULE_AUTO)
        rule = MC_RULE_OPENAI;
    *tokenizer = (mc_tokenizer){
        .facts = { MC_VOCAB_CLIP, vocab->n_ids, vocab->start_id, vocab->end_id,
                   rule == MC_RULE_HF ? vocab->end_id : 0, rule },
        .vocab = vocab,
    };
    mc_status status = rule == MC_RULE_HF ? mci_nfc_new(&tokenizer->nfc, err) : MC_OK;
    if (status < 0)
        mc_tokenizer_free(tokenizer);
    else
        *out = tokenizer;
    return status;
}

/* Whose model it is, by the ids of its special pieces. */
static mc_status tell_pieces(const mci_pieces *pieces, mc_tokenizer_facts *facts, mc_error *err)
{
    mci_pieces_facts p = mci_pieces_tell(pieces);
    if (p.unknown == 0 && p.start == 1 && p.end == 2) {
        *facts = (mc_tokenizer_facts){ MC_VOCAB_XLMV, p.n + XLMV_MORE, XLMV_START,
                                       XLMV_END,      XLMV_PADDING,    MC_RULE_AUTO };
        return MC_OK;
    }
    if (p.padding == MT5_PADDING && p.end == MT5_END && p.unknown == MT5_UNKNOWN) {
        *facts = (mc_tokenizer_facts){ MC_VOCAB_MT5, p.n, -1, MT5_END, MT5_PADDING, MC_RULE_AUTO };
        return MC_OK;
    }
    return mc_fail(err, MC_E_FORMAT,
                   "neither XLM-V's vocabulary (<unk>, <s>, </s> as 0, 1, 2) nor mT5's (<pad>, "
                   "</s>, <unk> as 0, 1, 2), which are the two that Meta CLIP 2 uses");
}

mc_status mci_tokenizer_of_pieces(mc_str model, mc_tokenizer **out, mc_error *err)
{
    mc_tokenizer *tokenizer = mci_alloc_zeroed(1, sizeof *tokenizer);
    if (!tokenizer)
        return mci_nomem(err, sizeof *tokenizer);
    mc_status status = mci_pieces_new(model, &tokenizer->pieces, err);
    if (status >= 0)
        status = tell_pieces(tokenizer->pieces, &tokenizer->facts, err);
    if (status < 0)
        mc_tokenizer_free(tokenizer);
    else
        *out = tokenizer;
    return status;
}

void mc_tokenizer_free(mc_tokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    mci_bpe_vocab_free(tokenizer->vocab);
    mci_nfc_free(tokenizer->nfc);
    mci_pieces_free(tokenizer->pieces);
    mci_free(tokenizer);
}

mc_tokenizer_facts mc_tokenizer_tell(const mc_tokenizer *tokenizer)
{
    return tokenizer->facts;
}

const mci_bpe_vocab *mci_tokenizer_bpe(const mc_tokenizer *tokenizer)
{
    return tokenizer->vocab;
}

const mci_nfc *mci_tokenizer_nfc(const mc_tokenizer *tokenizer)
{
    return tokenizer->nfc;
}

mc_status mci_tokenizer_pieces_file(const mc_tokenizer *tokenizer, mci_buf *out, mc_error *err)
{
    return mci_pieces_file(tokenizer->pieces, out, err);
}

mc_status mc_token_scratch_new(const mc_tokenizer *tokenizer, mc_token_scratch **out, mc_error *err)
{
    mc_token_scratch *scratch = mci_alloc_zeroed(1, sizeof *scratch);
    if (!scratch)
        return mci_nomem(err, sizeof *scratch);
    scratch->tokenizer = tokenizer;
    mc_status status = tokenizer->vocab ? mci_clip_scratch_init(&scratch->clip, err) : MC_OK;
    if (status < 0)
        mc_token_scratch_free(scratch);
    else
        *out = scratch;
    return status;
}

void mc_token_scratch_free(mc_token_scratch *scratch)
{
    if (!scratch)
        return;
    mci_clip_scratch_release(&scratch->clip);
    mci_buf_release(&scratch->repaired);
    mci_free(scratch);
}

/* ---- encoding ---- */

/* A row that is filled: ids beyond its room are counted, not kept. */
typedef struct {
    mc_vocab_kind kind;
    int32_t *ids;
    size_t n, room;
} row;

static mc_status take_pieces(void *user, const int *ids, size_t n, mc_error *err)
{
    (void)err;
    row *r = user;
    size_t n_kept = n < r->room ? n : r->room;
    for (size_t i = 0; i < n_kept; i++) {
        bool is_unknown = r->kind == MC_VOCAB_XLMV && ids[i] == 0;
        r->ids[i] =
            is_unknown ? XLMV_UNKNOWN : ids[i] + (r->kind == MC_VOCAB_XLMV ? XLMV_OFFSET : 0);
    }
    r->n = n;
    return MC_OK;
}

static mc_status encode_pieces(const mc_tokenizer *tokenizer, mc_token_scratch *scratch,
                               mc_str text, row *r, uint64_t *n_replaced, mc_error *err)
{
    if (!mci_utf8_valid(text)) {
        mci_buf_clear(&scratch->repaired);
        MC_TRY(mci_utf8_repair(text, &scratch->repaired, n_replaced, err));
        text = mci_buf_str(&scratch->repaired);
    }
    r->kind = tokenizer->facts.kind;
    return mci_pieces_encode(tokenizer->pieces, text, take_pieces, r, err);
}

static mc_status encode_clip(const mc_tokenizer *tokenizer, mc_token_scratch *scratch, mc_str text,
                             row *r, uint64_t *n_replaced, mc_error *err)
{
    const int32_t *ids;
    MC_TRY(mci_clip_encode(tokenizer->vocab, tokenizer->facts.rule, tokenizer->nfc, &scratch->clip,
                           text, r->room, &ids, &r->n, n_replaced, err));
    memcpy(r->ids, ids, (r->n < r->room ? r->n : r->room) * sizeof *ids);
    return MC_OK;
}

mc_status mc_encode(const mc_tokenizer *tokenizer, mc_token_scratch *scratch, mc_str text,
                    size_t context, int32_t *ids, mc_encoded *encoded, mc_error *err)
{
    const mc_tokenizer_facts *facts = &tokenizer->facts;
    if (context < 1 || context > MC_MAX_CONTEXT)
        return mc_fail(err, MC_E_ARG, "a context of %zu ids: it must be 1 to %d", context,
                       MC_MAX_CONTEXT);
    if (text.len > MC_MAX_TEXT_BYTES)
        return mc_fail(err, MC_E_LIMIT, "a text of %zu bytes: no more than %d are encoded",
                       text.len, MC_MAX_TEXT_BYTES);
    size_t first = facts->start_id >= 0 && context > 1; /* of a row of one id the end is that one */
    row r = { .ids = ids + first, .room = context - 1 - first };
    mc_encoded done = { 0 };
    MC_TRY(tokenizer->vocab ? encode_clip(tokenizer, scratch, text, &r, &done.n_replaced, err)
                            : encode_pieces(tokenizer, scratch, text, &r, &done.n_replaced, err));
    done.is_truncated = r.n > r.room || (context == 1 && facts->start_id >= 0);
    done.n_ids = first + (r.n < r.room ? r.n : r.room) + 1;
    if (first)
        ids[0] = facts->start_id;
    ids[done.n_ids - 1] = facts->end_id;
    for (size_t i = done.n_ids; i < context; i++)
        ids[i] = facts->pad_id;
    if (encoded)
        *encoded = done;
    return MC_OK;
}

/* ---- many texts ---- */

enum { TASK_TEXTS = 256 };

typedef struct {
    const mc_tokenizer *tokenizer;
    const mc_str *texts;
    size_t n, context;
    int32_t *ids;
    mc_encoded *encoded;
    mc_token_scratch **scratches; /* a worker's; made when it begins */
} batch;

static mc_status encode_some(void *user, size_t task, unsigned worker, mc_error *err)
{
    batch *b = user;
    mc_token_scratch **scratch = &b->scratches[worker];
    if (!*scratch)
        MC_TRY(mc_token_scratch_new(b->tokenizer, scratch, err));
    size_t end = (task + 1) * TASK_TEXTS < b->n ? (task + 1) * TASK_TEXTS : b->n;
    for (size_t i = task * TASK_TEXTS; i < end; i++) {
        mc_status status =
            mc_encode(b->tokenizer, *scratch, b->texts[i], b->context, b->ids + i * b->context,
                      b->encoded ? &b->encoded[i] : NULL, err);
        if (status < 0)
            return mc_add_context(err, status, "text %zu", i);
    }
    return MC_OK;
}

mc_status mc_tokenize(const mc_tokenizer *tokenizer, const mc_str *texts, size_t n, size_t context,
                      unsigned n_threads, int32_t *ids, mc_encoded *encoded, mc_error *err)
{
    if (n_threads == 0)
        n_threads = mci_n_processors();
    batch b = { tokenizer, texts, n, context, ids, encoded, NULL };
    b.scratches = mci_alloc_zeroed(n_threads, sizeof *b.scratches);
    if (!b.scratches)
        return mci_nomem(err, n_threads * sizeof *b.scratches);
    mc_status status =
        mci_run_tasks(n_threads, (n + TASK_TEXTS - 1) / TASK_TEXTS, encode_some, &b, err);
    for (unsigned i = 0; i < n_threads; i++)
        mc_token_scratch_free(b.scratches[i]);
    mci_free(b.scratches);
    return status;
}

/* ---- back ---- */

static mc_str piece_name(const mc_tokenizer *tokenizer, int32_t id)
{
    static const char *const own[] = { "<s>", "<pad>", "</s>", "<unk>" };
    if (tokenizer->facts.kind == MC_VOCAB_MT5)
        return mci_pieces_name(tokenizer->pieces, id);
    if (id <= XLMV_UNKNOWN)
        return mc_str_of(own[id]);
    if ((size_t)id == tokenizer->facts.n_ids - 1)
        return mc_str_of("<mask>");
    return mci_pieces_name(tokenizer->pieces, id - XLMV_OFFSET);
}

mc_str mc_token_name(const mc_tokenizer *tokenizer, int32_t id)
{
    mc_str none = { "", 0 };
    if (id < 0 || (size_t)id >= tokenizer->facts.n_ids)
        return none;
    if (!tokenizer->vocab)
        return piece_name(tokenizer, id);
    int32_t symbol = tokenizer->vocab->id_symbol[id];
    return symbol < 0 ? none : mci_bpe_symbol_name(tokenizer->vocab, (uint32_t)symbol);
}

/* Appends a piece, whose spaces are U+2581. */
static mc_status add_piece(mc_str name, mci_buf *out, mc_error *err)
{
    static const char space[] = "\xE2\x96\x81";
    while (name.len > 0) {
        bool is_space = name.len >= 3 && memcmp(name.data, space, 3) == 0;
        size_t len = is_space ? 3 : 1;
        if (!is_space || out->len > 0)
            MC_TRY(mci_buf_byte(out, is_space ? ' ' : *name.data, err));
        name = (mc_str){ name.data + len, name.len - len };
    }
    return MC_OK;
}

static mc_status decode_bytes(const mc_tokenizer *tokenizer, const int32_t *ids, size_t n,
                              mci_buf *out, mc_error *err)
{
    const mc_tokenizer_facts *facts = &tokenizer->facts;
    for (size_t i = 0; i < n && ids[i] != facts->end_id; i++) {
        bool ends_word = false;
        if (ids[i] < 0 || (size_t)ids[i] >= facts->n_ids)
            return mc_fail(err, MC_E_ARG, "the id %d: the vocabulary has %zu", (int)ids[i],
                           facts->n_ids);
        if (ids[i] == facts->start_id)
            continue;
        mc_str name = mc_token_name(tokenizer, ids[i]);
        MC_TRY(tokenizer->vocab ? mci_bpe_name_bytes(name, out, &ends_word, err)
                                : add_piece(name, out, err));
        if (ends_word)
            MC_TRY(mci_buf_byte(out, ' ', err));
    }
    out->len -= out->len > 0 && out->data[out->len - 1] == ' ';
    return MC_OK;
}

mc_status mc_decode(const mc_tokenizer *tokenizer, const int32_t *ids, size_t n, char **text,
                    mc_error *err)
{
    mci_buf bytes = { 0 }, valid = { 0 };
    uint64_t n_replaced = 0;
    mc_status status = decode_bytes(tokenizer, ids, n, &bytes, err);
    if (status >= 0)
        status = mci_utf8_repair(mci_buf_str(&bytes), &valid, &n_replaced, err);
    if (status >= 0)
        status = mci_buf_terminate(&valid, err);
    mci_buf_release(&bytes);
    if (status < 0)
        mci_buf_release(&valid);
    else
        *text = valid.data;
    return status;
}
