/* Captions to CLIP's ids on one core, against the plain reference (code points, no words
 * remembered), and the learning of a vocabulary. The vocabulary is METACLIP_BENCH_VOCAB (any that
 * mc_tokenizer_open takes), or one of 8,192 ids learnt from the captions themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "bench.h"
#include "captions.h"
#include "metaclip/metaclip.h"
#include "text/bpe_train.h"
#include "text/clip_naive.h"
#include "text/tokenizer.h"

enum { CONTEXT = MC_CLIP_CONTEXT, N_PLAIN = 20000, LEARNT_IDS = 8192, MAX_TEXTS = 1000000 };

static void require(bool holds, const mc_error *err)
{
    if (holds)
        return;
    fprintf(stderr, "bench_tokenizer: %s\n", err->text);
    exit(1);
}

/* Seconds that this thread computed: on a busy machine the only ones that mean anything. */
static double computed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void put_computed(double began, const bench *b)
{
    double seconds = (computed() - began) / (double)b->n_rounds;
    fprintf(stderr, "%s: %.0f captions a second of processor time\n", b->name,
            (double)b->n_items / seconds);
}

static mci_bpe_vocab *learn(const captions *c, size_t n)
{
    mc_error err = { 0 };
    mci_bpe_vocab *vocab = NULL;
    mci_buf file = { 0 };
    size_t n_made = 0, n_bytes = 0;
    bench b = bench_begin("train_vocab_8192");
    for (size_t i = 0; i < n; i++)
        n_bytes += c->texts[i].len;
    bench_bytes(&b, n_bytes);
    bench_items(&b, n);
    while (bench_next(&b)) {
        mci_bpe_trainer *trainer = NULL;
        bool repaired;
        file.len = 0;
        require(mci_bpe_trainer_new(MC_RULE_OPENAI, INT32_MAX, &trainer, &err) >= 0, &err);
        for (size_t i = 0; i < n; i++)
            require(mci_bpe_trainer_add(trainer, c->texts[i], &repaired, &err) >= 0, &err);
        require(mci_bpe_trainer_learn(trainer, LEARNT_IDS, &file, &n_made, &err) >= 0, &err);
        mci_bpe_trainer_free(trainer);
    }
    require(mci_bpe_vocab_parse(mci_buf_str(&file), &vocab, &err) >= 0, &err);
    bench_check(&b, vocab->n_ids == n_made, "the size of the vocabulary");
    bench_end(&b);
    mci_buf_release(&file);
    return vocab;
}

static mc_tokenizer *get_tokenizer(const captions *c, size_t n, mc_token_rule rule)
{
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    const char *path = getenv("METACLIP_BENCH_VOCAB");
    mc_status status = path ? mc_tokenizer_open(path, rule, &tokenizer, &err)
                            : mci_tokenizer_of_bpe(learn(c, n), rule, &tokenizer, &err);
    require(status >= 0, &err);
    return tokenizer;
}

/* The plain reference over the first texts; its rows are what is right. */
static double plain(const mc_tokenizer *tokenizer, mc_token_rule rule, const mc_str *texts,
                    size_t n, int32_t *rows)
{
    mc_error err = { 0 };
    mc_tokenizer_facts facts = mc_tokenizer_tell(tokenizer);
    bench b = bench_begin(rule == MC_RULE_OPENAI ? "tokenize_plain" : "tokenize_hf_plain");
    bench_items(&b, n);
    double began = computed();
    while (bench_next(&b)) {
        for (size_t i = 0; i < n; i++) {
            int32_t *ids, *row = rows + i * CONTEXT;
            size_t n_ids;
            require(mci_clip_encode_naive(mci_tokenizer_bpe(tokenizer), rule,
                                          mci_tokenizer_nfc(tokenizer), texts[i], &ids, &n_ids,
                                          &err) >= 0,
                    &err);
            n_ids = n_ids < CONTEXT - 2 ? n_ids : CONTEXT - 2;
            row[0] = facts.start_id;
            memcpy(row + 1, ids, n_ids * sizeof *ids);
            row[n_ids + 1] = facts.end_id;
            for (size_t k = n_ids + 2; k < CONTEXT; k++)
                row[k] = facts.pad_id;
            mci_free(ids);
        }
    }
    put_computed(began, &b);
    return bench_end(&b);
}

static void fast(const mc_tokenizer *tokenizer, mc_token_rule rule, const mc_str *texts, size_t n,
                 const int32_t *want, size_t n_want, double plain_rate)
{
    mc_error err = { 0 };
    mc_token_scratch *scratch = NULL;
    int32_t *rows = malloc(n * CONTEXT * sizeof *rows);
    size_t n_tokens = 0;
    require(rows && mc_token_scratch_new(tokenizer, &scratch, &err) >= 0, &err);
    bench b = bench_begin(rule == MC_RULE_OPENAI ? "tokenize" : "tokenize_hf");
    bench_items(&b, n);
    bench_against(&b, "plain", plain_rate);
    double began = computed();
    while (bench_next(&b)) {
        n_tokens = 0;
        for (size_t i = 0; i < n; i++) {
            mc_encoded encoded;
            require(mc_encode(tokenizer, scratch, texts[i], CONTEXT, rows + i * CONTEXT, &encoded,
                              &err) >= 0,
                    &err);
            n_tokens += encoded.n_ids;
        }
    }
    put_computed(began, &b);
    bench_check(&b, memcmp(rows, want, n_want * CONTEXT * sizeof *rows) == 0, "the ids");
    bench_end(&b);
    fprintf(stderr, "%s: %.1f ids a caption, start and end included\n", b.name,
            (double)n_tokens / (double)n);
    mc_token_scratch_free(scratch);
    free(rows);
}

int main(void)
{
    captions c = captions_get_kind(CAPTIONS_ALT);
    size_t n = c.n_texts < MAX_TEXTS ? c.n_texts : MAX_TEXTS;
    size_t n_plain = n < N_PLAIN ? n : N_PLAIN;
    int32_t *want = malloc(n_plain * CONTEXT * sizeof *want);
    if (!want)
        return 1;
    for (int rule = MC_RULE_OPENAI; rule <= MC_RULE_HF; rule++) {
        mc_tokenizer *tokenizer = get_tokenizer(&c, n, rule);
        double rate = plain(tokenizer, rule, c.texts, n_plain, want);
        fast(tokenizer, rule, c.texts, n, want, n_plain, rate);
        mc_tokenizer_free(tokenizer);
    }
    free(want);
    captions_release(&c);
    return 0;
}
