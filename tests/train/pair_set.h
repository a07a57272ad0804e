/* Small sets of pairs to train on, and what a loader makes of them. */
#ifndef METACLIP_TESTS_PAIR_SET_H
#define METACLIP_TESTS_PAIR_SET_H

#include "train/pair_loader.h"

#include "io/tar_making.h"
#include "scratch.h"

enum { SIDE = 8, CONTEXT = 32, MAX_SHARDS = 16, MAX_ROWS = 512 };

typedef struct {
    char *paths[MAX_SHARDS];
    size_t n;
    mc_tokenizer *tokenizer;
} pair_set;

static inline mc_str image_bytes(int i)
{
    static const char *const names[] = { "rgb.png", "rgb.jpg", "lossless.webp", "grey.jpg" };
    static mc_str files[COUNT_OF(names)];
    mc_str *file = &files[i % (int)COUNT_OF(names)];
    if (!file->data) {
        char name[64];
        snprintf(name, sizeof name, "images/%s", names[i % (int)COUNT_OF(names)]);
        file->data = test_read_file(test_path("METACLIP_TEST_DATA", name), &file->len);
        assert_non_null(file->data);
    }
    return *file;
}

/* Keeps the file's path in the set. */
static inline void add_shard(pair_set *set, scratch *s, const char *name, mc_str bytes)
{
    const char *path = scratch_file(s, name, bytes.data, bytes.len);
    assert_true(set->n < MAX_SHARDS);
    set->paths[set->n++] = strdup(path);
}

static inline void add_tar(pair_set *set, scratch *s, const char *name, mci_buf *tar)
{
    add_end(tar);
    add_shard(set, s, name, mci_buf_str(tar));
    mci_buf_release(tar);
}

/* Shards a.tar, b.tar, ... of so many samples whose texts are "a0", "a1", ...; every third has its
 * texts in a json, two of them, "a2" and "a2 too". */
static inline void add_samples(pair_set *set, scratch *s, size_t n_shards, const size_t *n_samples)
{
    for (size_t k = 0; k < n_shards; k++) {
        mci_buf tar = { 0 };
        char letter = (char)('a' + k), name[32], text[128];
        for (size_t i = 0; i < n_samples[k]; i++) {
            snprintf(name, sizeof name, "%05zu.%s", i, i % 2 ? "jpg" : "webp");
            add_member(&tar, name, image_bytes((int)i));
            snprintf(name, sizeof name, "%05zu.%s", i, i % 3 == 2 ? "json" : "txt");
            if (i % 3 == 2)
                snprintf(text, sizeof text,
                         "{\"texts\":[[\"alt\",\"%c%zu\"],[\"t\",\"%c%zu too\"]]}", letter, i,
                         letter, i);
            else
                snprintf(text, sizeof text, "%c%zu\n", letter, i);
            add_text(&tar, name, text);
        }
        snprintf(name, sizeof name, "%c.tar", letter);
        add_tar(set, s, name, &tar);
    }
}

static inline void open_tokenizer(pair_set *set)
{
    mc_error err = { 0 };
    assert_ok(mc_tokenizer_open(test_path("METACLIP_TEST_DATA", "vocab_small.txt"), MC_RULE_OPENAI,
                                &set->tokenizer, &err),
              err);
}

static inline void release_set(pair_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        free(set->paths[i]);
    mc_tokenizer_free(set->tokenizer);
    *set = (pair_set){ 0 };
}

static inline mci_pair_loader_job job_of(const pair_set *set)
{
    return (mci_pair_loader_job){ .inputs = (const char *const *)set->paths,
                                  .n_inputs = set->n,
                                  .image = mci_pair_image_options(SIDE),
                                  .crop = mci_pair_crop_range(),
                                  .tokenizer = set->tokenizer,
                                  .context = CONTEXT,
                                  .seed = 7,
                                  .batch = 3,
                                  .shuffle_shards = 2,
                                  .n_threads = 2 };
}

/* Rows of batches, one behind the other; texts are without spaces. */
typedef struct {
    char text[MAX_ROWS][64];
    float pixels[MAX_ROWS][3 * SIDE * SIDE];
    int32_t tokens[MAX_ROWS][CONTEXT];
    size_t n;
    mci_pair_position after[MAX_ROWS]; /* of batches */
    size_t n_batches;
    mci_pair_counters counters;
    char problem[2 * MCI_PAIR_PROBLEMS][512];
    size_t n_problems;
} rows;

static inline void add_rows(rows *to, const pair_set *set, const mci_pair_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++, to->n++) {
        mc_error err = { 0 };
        char *text = NULL;
        assert_true(to->n < MAX_ROWS);
        memcpy(to->pixels[to->n], batch->pixels + i * 3 * SIDE * SIDE, sizeof to->pixels[0]);
        memcpy(to->tokens[to->n], batch->tokens + i * CONTEXT, sizeof to->tokens[0]);
        assert_ok(mc_decode(set->tokenizer, to->tokens[to->n], CONTEXT, &text, &err), err);
        char *end = to->text[to->n];
        for (const char *c = text; *c && end + 1 < to->text[to->n] + sizeof to->text[0]; c++)
            if (*c != ' ') /* digits are words of their own, so spaces say nothing */
                *end++ = *c;
        *end = '\0';
        mc_free(text);
    }
    to->after[to->n_batches++] = batch->after;
}

/* What the first so many batches hold; free with free. */
static inline rows *read_rows(const pair_set *set, const mci_pair_loader_job *job, size_t n_batches)
{
    mc_error err = { 0 };
    mci_pair_loader *loader = NULL;
    rows *to = calloc(1, sizeof *to);
    assert_ok(mci_pair_loader_open(job, &loader, &err), err);
    for (size_t i = 0; i < n_batches; i++) {
        mci_pair_batch batch;
        assert_ok(mci_pair_loader_next(loader, &batch, &err), err);
        assert_int_equal(batch.n, job->batch);
        add_rows(to, set, &batch);
    }
    to->counters = mci_pair_loader_counters(loader);
    for (const char *text; (text = mci_pair_loader_problem(loader, to->n_problems));)
        snprintf(to->problem[to->n_problems++], sizeof to->problem[0], "%s", text);
    mci_pair_loader_close(loader);
    return to;
}

/* The failure of the first batch. */
static inline mc_status read_failure(const mci_pair_loader_job *job, mc_error *err)
{
    mci_pair_loader *loader = NULL;
    mci_pair_batch batch;
    *err = (mc_error){ 0 };
    mc_status status = mci_pair_loader_open(job, &loader, err);
    if (status == MC_OK)
        status = mci_pair_loader_next(loader, &batch, err);
    mci_pair_loader_close(loader);
    return status;
}

static inline void assert_same_rows(const rows *a, size_t at, const rows *b, size_t from, size_t n)
{
    assert_true(at + n <= a->n && from + n <= b->n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a->text[at + i], b->text[from + i]);
        assert_memory_equal(a->tokens[at + i], b->tokens[from + i], sizeof a->tokens[0]);
        assert_memory_equal(a->pixels[at + i], b->pixels[from + i], sizeof a->pixels[0]);
    }
}

#endif
