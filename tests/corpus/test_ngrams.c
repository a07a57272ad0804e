/* The whole job against counting by hand: a dump of random pages, packed and cut in many ways. */
#include <bzlib.h>

#include "base/buf.h"
#include "base/files.h"
#include "metaclip/corpus.h"
#include "scratch.h"

enum { N_WORDS = 60, N_PAGES = 400, MIN_PAIR = 3 };

typedef struct {
    uint64_t words[N_WORDS], pairs[N_WORDS][N_WORDS], n_words, n_pairs;
} naive;

/* ---- a dump ---- */

static void add(mci_buf *out, const char *text)
{
    assert_int_equal(mci_buf_add(out, mc_str_of(text), NULL), MC_OK);
}

/* Words w0, w1, ... by falling frequency, with wikitext between them. */
static void add_page(mci_buf *dump, test_random *random, bool counts, naive *want)
{
    int last = -1;
    size_t n = test_next(random) % 300;
    for (size_t i = 0; i < n; i++) {
        char word[64];
        int w = (int)(test_next(random) % N_WORDS * (test_next(random) % N_WORDS) / N_WORDS);
        switch (test_next(random) % 12) {
        case 0:
            add(dump, ", ");
            last = -1;
            break;
        case 1:
            add(dump, "\n");
            last = -1;
            break;
        case 2:
            add(dump, " {{x|junk [[junk]]}} ");
            break;
        default:
            add(dump, " ");
        }
        snprintf(word, sizeof word, test_next(random) % 8 ? "w%d" : "[[junk|w%d]]", w);
        add(dump, word);
        if (!counts)
            continue;
        want->words[w]++;
        want->n_words++;
        if (last >= 0) {
            want->pairs[last][w]++;
            want->n_pairs++;
        }
        last = w;
    }
}

static void make_dump(mci_buf *dump, naive *want)
{
    test_random random = { 21 };
    add(dump, "<mediawiki xml:lang=\"en\"><siteinfo></siteinfo>\n");
    for (size_t i = 0; i < N_PAGES; i++) {
        unsigned kind = test_next(&random) % 6; /* 0: another namespace, 1: a redirect */
        add(dump, kind == 0 ? "  <page><title>T</title><ns>1</ns>"
                            : "  <page><title>T</title><ns>0</ns>");
        add(dump, kind == 1 ? "<redirect title=\"x\"/>" : "");
        add(dump, "<revision><text>");
        add_page(dump, &random, kind > 1, want);
        add(dump, "</text></revision></page>\n");
    }
    add(dump, "</mediawiki>\n");
}

/* Packs in streams of so many bytes of text. */
static void pack(mc_str text, size_t piece, mci_buf *out)
{
    while (text.len) {
        size_t len = text.len < piece ? text.len : piece;
        unsigned n = (unsigned)(len + len / 50 + 1000);
        assert_int_equal(mci_buf_reserve(out, n, NULL), MC_OK);
        assert_int_equal(BZ2_bzBuffToBuffCompress(out->data + out->len, &n,
                                                  (char *)(uintptr_t)text.data, (unsigned)len, 1, 0,
                                                  0),
                         BZ_OK);
        out->len += n;
        text = (mc_str){ text.data + len, text.len - len };
    }
}

/* ---- what the lists must be ---- */

typedef struct {
    char text[24];
    uint64_t count, first, second;
} item;

static int by_ratio(const void *a, const void *b)
{
    const item *x = a, *y = b;
    uint64_t p = x->count * y->first * y->second, q = y->count * x->first * x->second;
    return p != q ? (p > q ? -1 : 1) : strcmp(x->text, y->text);
}

static void want_unigrams(const naive *want, uint64_t least, mci_buf *out)
{
    item items[N_WORDS];
    for (size_t i = 0; i < N_WORDS; i++) {
        items[i] = (item){ .count = want->words[i], .first = 1, .second = 1 };
        snprintf(items[i].text, sizeof items[i].text, "w%zu", i);
    }
    qsort(items, N_WORDS, sizeof *items, by_ratio);
    for (size_t i = 0; i < N_WORDS; i++)
        if (items[i].count >= least && items[i].count > 0)
            assert_int_equal(mci_buf_printf(out, NULL, "%s\t%llu\n", items[i].text,
                                            (unsigned long long)items[i].count),
                             MC_OK);
}

/* Without the last column, which test_ranking looks at. */
static void want_bigrams(const naive *want, size_t most, mci_buf *out)
{
    static item items[N_WORDS * N_WORDS];
    size_t n = 0;
    for (size_t i = 0; i < N_WORDS; i++)
        for (size_t j = 0; j < N_WORDS; j++) {
            if (want->pairs[i][j] < MIN_PAIR)
                continue;
            items[n] = (item){ .count = want->pairs[i][j],
                               .first = want->words[i],
                               .second = want->words[j] };
            snprintf(items[n].text, sizeof items[n].text, "w%zu w%zu", i, j);
            n++;
        }
    qsort(items, n, sizeof *items, by_ratio);
    for (size_t i = 0; i < n && i < most; i++)
        assert_int_equal(mci_buf_printf(out, NULL, "%s\t%llu\n", items[i].text,
                                        (unsigned long long)items[i].count),
                         MC_OK);
}

/* ---- running ---- */

static void read_list(const char *dir, const char *name, bool cuts, mci_buf *out)
{
    char path[512];
    mci_buf whole = { 0 };
    bool found = false;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(mci_read_file(path, &whole, &found, NULL), MC_OK);
    assert_true(found);
    for (size_t i = 0, n_tabs = 0; i < whole.len; i++) {
        n_tabs = whole.data[i] == '\n' ? 0 : n_tabs + (whole.data[i] == '\t');
        if (!cuts || n_tabs < 2)
            assert_int_equal(mci_buf_byte(out, whole.data[i], NULL), MC_OK);
    }
    mci_buf_release(&whole);
}

static mc_ngrams_job job_of(const char *const *input, const char *dir, unsigned n_threads)
{
    return (mc_ngrams_job){ .corpus = { .inputs = input,
                                        .n_inputs = 1,
                                        .out_dir = dir,
                                        .language = "en",
                                        .n_threads = n_threads },
                            .min_count = 20,
                            .bigram_min_count = MIN_PAIR,
                            .max_bigrams = 500 };
}

static void remove_out(const char *dir)
{
    mci_remove_folder(dir, 3);
}

static void check_lists(const char *dir, const naive *want)
{
    mci_buf got = { 0 }, expected = { 0 };
    read_list(dir, "unigrams.tsv", false, &got);
    want_unigrams(want, 20, &expected);
    assert_int_equal(mci_buf_terminate(&expected, NULL), MC_OK);
    assert_str(mci_buf_str(&got), expected.data);
    mci_buf_clear(&got);
    mci_buf_clear(&expected);
    read_list(dir, "bigrams.tsv", true, &got);
    want_bigrams(want, 500, &expected);
    assert_int_equal(mci_buf_terminate(&expected, NULL), MC_OK);
    assert_str(mci_buf_str(&got), expected.data);
    mci_buf_release(&got);
    mci_buf_release(&expected);
}

static void lists_are_those_of_counting_by_hand(void **state)
{
    static const size_t pieces[] = { 0, 1000, 7001, 60000, SIZE_MAX };
    static const uint64_t memories[] = { 0, 300000 };
    mci_buf dump = { 0 };
    static naive want;
    want = (naive){ 0 };
    make_dump(&dump, &want);
    for (size_t i = 0; i < COUNT_OF(pieces) * COUNT_OF(memories); i++) {
        size_t piece = pieces[i % COUNT_OF(pieces)];
        unsigned n_threads = 1 + (unsigned)i % 3;
        mci_buf file = { 0 };
        mc_error err = { 0 };
        mc_corpus_summary summary = { 0 };
        print_message("  case: pieces of %zu, %u threads\n", piece, n_threads);
        if (piece)
            pack(mci_buf_str(&dump), piece, &file);
        mc_str bytes = piece ? mci_buf_str(&file) : mci_buf_str(&dump);
        const char *input = scratch_file(*state, "dump.xml", bytes.data, bytes.len);
        char dir[256];
        snprintf(dir, sizeof dir, "%s", scratch_path(*state, "out"));
        mc_ngrams_job job = job_of(&input, dir, n_threads);
        job.corpus.memory_bytes = memories[i / COUNT_OF(pieces)];
        assert_ok(mc_ngrams_run(&job, &summary, &err), err);
        assert_int_equal(summary.words, want.n_words);
        assert_int_equal(summary.pairs, want.n_pairs);
        assert_int_equal(summary.pages_read, N_PAGES);
        assert_int_equal(summary.pages_read, summary.pages_counted + summary.pages_redirect +
                                                 summary.pages_other + summary.pages_damaged);
        assert_int_equal(summary.pages_damaged, 0);
        check_lists(dir, &want);

        /* Again: nothing is read, and other limits give other lists. */
        job.max_bigrams = 500;
        assert_ok(mc_ngrams_run(&job, &summary, &err), err);
        assert_true(summary.counted_before);
        check_lists(dir, &want);
        job.lower_case = true;
        assert_int_equal(mc_ngrams_run(&job, &summary, &err), MC_E_MISMATCH);
        assert_says(err.text, "counted otherwise");
        remove_out(dir);
        mci_buf_release(&file);
    }
    mci_buf_release(&dump);
}

/* Any cut or flipped byte: what is lost is told. */
static void damage_loses_pages_not_more(void **state)
{
    mci_buf dump = { 0 }, file = { 0 };
    static naive want;
    want = (naive){ 0 };
    test_random random = { 5 };
    make_dump(&dump, &want);
    pack(mci_buf_str(&dump), 30000, &file);
    for (int i = 0; i < 12; i++) {
        mc_error err = { 0 };
        mc_corpus_summary summary = { 0 };
        char dir[256];
        size_t at = 200 + test_next(&random) % (file.len - 300);
        bool is_cut = i % 2;
        file.data[at] ^= 4;
        const char *input = scratch_file(*state, "dump.xml.bz2", file.data, is_cut ? at : file.len);
        file.data[at] ^= 4;
        snprintf(dir, sizeof dir, "%s", scratch_path(*state, "out"));
        mc_ngrams_job job = job_of(&input, dir, 2);
        assert_ok(mc_ngrams_run(&job, &summary, &err), err);
        assert_true(summary.gaps > 0 || summary.pages_damaged > 0);
        assert_true(summary.words <= want.n_words);
        assert_true(summary.n_problems > 0);
        assert_true(is_cut || summary.words > want.n_words / 2);
        remove_out(dir);
    }
    mci_buf_release(&dump);
    mci_buf_release(&file);
}

static void wrong_jobs_are_named(void **state)
{
    const char *input = scratch_text(*state, "a.txt", "a b\n");
    const char *zeros = scratch_file(*state, "b.txt", "a\0b", 3);
    const char *twice[] = { input, input };
    mc_corpus_summary summary = { 0 };
    mc_error err = { 0 };
    char dir[256];
    snprintf(dir, sizeof dir, "%s", scratch_path(*state, "out"));
    mc_ngrams_job job = job_of(&input, dir, 1);
    job.corpus.language = "E/N";
    assert_int_equal(mc_ngrams_run(&job, &summary, &err), MC_E_ARG);
    assert_says(err.text, "no language");
    job = job_of(twice, dir, 1);
    job.corpus.n_inputs = 2;
    assert_int_equal(mc_ngrams_run(&job, &summary, &err), MC_E_ARG);
    assert_says(err.text, "named twice");
    job = job_of(&zeros, dir, 1);
    assert_int_equal(mc_ngrams_run(&job, &summary, &err), MC_E_FORMAT);
    assert_says(err.text, "this is no text");
    remove_out(dir);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(lists_are_those_of_counting_by_hand),
        IN_SCRATCH(damage_loses_pages_not_more),
        IN_SCRATCH(wrong_jobs_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
