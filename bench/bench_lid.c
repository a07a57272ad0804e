/* Captions to their languages on one core, by CLD2 and by a fastText model. The model is
 * METACLIP_BENCH_LID (a path), or made up with the sizes of lid.176.bin: 176 labels in a tree, 16
 * dimensions, n-grams of 2 to 4 characters in 2,000,000 buckets, 40,000 words. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/files.h"
#include "bench.h"
#include "captions.h"
#include "text/fasttext.h"
#include "text/langid.h"

enum { LABELS = 176, DIM = 16, BUCKETS = 2000000, WORDS = 40000, MAX_TEXTS = 200000 };

static void need(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_lid: %s\n", err->text);
    exit(1);
}

/* ---- a made-up model ---- */

static void put_i32s(FILE *to, const int32_t *numbers, size_t n)
{
    fwrite(numbers, sizeof *numbers, n, to);
}

static void put_i64(FILE *to, int64_t number)
{
    fwrite(&number, sizeof number, 1, to);
}

static void put_entry(FILE *to, const char *text, size_t len, int64_t count, bool is_label)
{
    fwrite(text, 1, len, to);
    fputc('\0', to);
    put_i64(to, count);
    fputc(is_label, to);
}

static void put_matrix(FILE *to, int64_t n_rows, float most)
{
    uint64_t state = 1;
    fputc(0, to);
    put_i64(to, n_rows);
    put_i64(to, DIM);
    for (int64_t i = 0; i < n_rows * DIM; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        float number = ((float)(state >> 40) / (1 << 23) - 1) * most;
        fwrite(&number, sizeof number, 1, to);
    }
}

/* The entries that are one word. */
static size_t choose_words(const captions *c, const mc_str **words)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_entries && n < WORDS; i++)
        if (!memchr(c->entries[i].data, ' ', c->entries[i].len))
            words[n++] = &c->entries[i];
    return n;
}

static void make_model(const captions *c, const char *path)
{
    static const mc_str *words[WORDS];
    size_t n_words = choose_words(c, words);
    const int32_t start[] = { 793712314, 12, DIM, 5, 5, 1, 5, 1, 1, 3, BUCKETS, 2, 4, 100 };
    const int32_t sizes[] = { (int32_t)n_words + LABELS, (int32_t)n_words, LABELS };
    double t = 1e-4;
    FILE *to = fopen(path, "wb");
    if (!to)
        exit(1);
    put_i32s(to, start, COUNT_OF(start));
    fwrite(&t, sizeof t, 1, to);
    put_i32s(to, sizes, COUNT_OF(sizes));
    put_i64(to, 1000000);
    put_i64(to, -1);
    for (size_t i = 0; i < n_words; i++)
        put_entry(to, words[i]->data, words[i]->len, 1000000 / (int64_t)(i + 1), false);
    for (int i = 0; i < LABELS; i++) {
        char label[32];
        int len = snprintf(label, sizeof label, "__label__l%d", i);
        put_entry(to, label, (size_t)len, 1000000 / (i + 1), true);
    }
    put_matrix(to, (int64_t)n_words + BUCKETS, 1);
    put_matrix(to, LABELS, 16);
    fclose(to);
}

/* ---- measuring ---- */

static double computed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The language of each text, as a number of its own. */
typedef uint64_t look(void *user, mc_str text);

static uint64_t look_by_cld2(void *user, mc_str text)
{
    (void)user;
    return mci_language_number(text);
}

typedef struct {
    mci_fasttext *model;
    mci_fasttext_scratch *scratch;
} fasttext;

static uint64_t look_by_fasttext(void *user, mc_str text)
{
    fasttext *f = user;
    float probability;
    return (uint64_t)mci_fasttext_predict(f->model, f->scratch, text, &probability);
}

static uint64_t sum_up(const captions *c, size_t n, look *of, void *user)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = sum * 31 + of(user, c->texts[i]);
    return sum;
}

static double bench_look(const char *name, const captions *c, size_t n, look *of, void *user,
                         double against)
{
    uint64_t want = sum_up(c, n, of, user), sum = want;
    double began = computed();
    bench b = bench_begin(name);
    bench_items(&b, n);
    if (against > 0)
        bench_against(&b, "language_cld2", against);
    while (bench_next(&b))
        sum = sum == want ? sum_up(c, n, of, user) : sum;
    bench_check(&b, sum == want, "the languages");
    fprintf(stderr, "%s: %.2f us of processor time a text\n", name,
            (computed() - began) / (double)b.n_rounds / (double)n * 1e6);
    return bench_end(&b);
}

static void bench_model(const captions *c, size_t n, const char *path, double against)
{
    mc_error err = { 0 };
    mci_mapped file;
    fasttext f = { NULL, NULL };
    need(mci_map_file(path, &file, &err), &err);
    need(mci_fasttext_open((mc_str){ file.data, file.n_bytes }, &f.model, &err), &err);
    need(mci_fasttext_scratch_new(f.model, &f.scratch, &err), &err);
    bench_look("language_fasttext", c, n, look_by_fasttext, &f, against);
    mci_fasttext_scratch_free(f.scratch);
    mci_fasttext_free(f.model);
    mci_unmap_file(&file);
}

int main(void)
{
    char made[] = "/tmp/metaclip-bench-XXXXXX";
    const char *given = getenv("METACLIP_BENCH_LID");
    captions c = captions_get_kind(CAPTIONS_ALT);
    size_t n = c.n_texts < MAX_TEXTS ? c.n_texts : MAX_TEXTS;
    double rate = bench_look("language_cld2", &c, n, look_by_cld2, NULL, 0);
    if (!given && mkstemp(made) < 0)
        return 1;
    if (!given)
        make_model(&c, made);
    bench_model(&c, n, given ? given : made, rate);
    if (!given)
        remove(made);
    captions_release(&c);
    return 0;
}
