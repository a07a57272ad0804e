/* fastText's models: what is predicted is what Debian's fasttext predicts, which was kept
 * (tests/data/make_fasttext.sh), and, where that command is, what it says now of thousands of
 * made-up texts; and files that are damaged in every way are refused. */
#include "test.h"

#include <math.h>

#include "scratch.h"
#include "text/fasttext.h"

static const char *const names[] = { "tree.bin",  "tree.ftz", "softmax.bin",
                                     "words.bin", "each.bin", "many.ftz" };

typedef struct {
    char *bytes;
    size_t n;
} file;

static file read_file(const char *path)
{
    file f = { NULL, 0 };
    FILE *in = fopen(path, "rb");
    if (!in)
        fail_msg("%s is not there", path);
    fseek(in, 0, SEEK_END);
    f.n = (size_t)ftell(in);
    rewind(in);
    f.bytes = malloc(f.n + 1);
    assert_int_equal(fread(f.bytes, 1, f.n, in), f.n);
    f.bytes[f.n] = '\0';
    fclose(in);
    return f;
}

static file read_data(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/fasttext/%s", getenv("METACLIP_TEST_DATA"), name);
    return read_file(path);
}

typedef struct {
    file f;
    mci_fasttext *model;
    mci_fasttext_scratch *scratch;
} opened;

static opened open_model(const char *name)
{
    mc_error err = { 0 };
    opened o = { .f = read_data(name) };
    assert_ok(mci_fasttext_open((mc_str){ o.f.bytes, o.f.n }, &o.model, &err), err);
    assert_ok(mci_fasttext_scratch_new(o.model, &o.scratch, &err), err);
    return o;
}

static void close_model(opened *o)
{
    mci_fasttext_scratch_free(o->scratch);
    mci_fasttext_free(o->model);
    free(o->f.bytes);
}

/* The line's answer is "__label__xx 0.1234", six digits of what the probability is, and 1e-5 more.
 */
static void check(const opened *o, const char *text, size_t len, const char *want)
{
    float probability = -1;
    int label = mci_fasttext_predict(o->model, o->scratch, (mc_str){ text, len }, &probability);
    char name[64] = "";
    double number = -1;
    if (sscanf(want, "__label__%63s %lf", name, &number) != 2) {
        assert_int_equal(label, MCI_NO_LABEL);
        return;
    }
    assert_int_not_equal(label, MCI_NO_LABEL);
    mc_str got = mci_fasttext_label(o->model, (size_t)label);
    if (!mc_str_equal(got, mc_str_of(name)))
        fail_msg("\"%.*s\" is %.*s with %.6f, not %s with %.6f", (int)len, text, (int)got.len,
                 got.data, (double)probability, name, number);
    if (fabs((double)probability - number) > 2e-5)
        fail_msg("\"%.*s\" is %s with %.8f, not %.8f", (int)len, text, name, (double)probability,
                 number);
}

/* Line by line; gives their number. */
static size_t check_lines(const opened *o, const char *texts, const char *answers)
{
    size_t n = 0;
    for (; *texts; n++) {
        size_t len = strcspn(texts, "\n");
        check(o, texts, len, answers);
        texts += len + 1;
        answers += strcspn(answers, "\n");
        answers += *answers == '\n';
    }
    assert_int_equal(*answers, '\0');
    return n;
}

static void what_was_kept_is_predicted(void **state)
{
    (void)state;
    file texts = read_data("texts.txt");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.want", names[i]);
        print_message("  %s\n", names[i]);
        file want = read_data(name);
        opened o = open_model(names[i]);
        assert_int_equal(check_lines(&o, texts.bytes, want.bytes), 163);
        close_model(&o);
        free(want.bytes);
    }
    free(texts.bytes);
}

/* ---- against the command ---- */

static void add_word(test_random *random, FILE *to)
{
    static const char *const words[] = { "the", "dog",   "Haus",        "большой",
                                         "猫",  "が",    "eau",         "calle",
                                         "w17", "v5",    "__label__en", "ß",
                                         "12",  "photo", "__label__no", "</s>x" };
    static const char *const pieces[] = {
        "a", "e", "k", "sch", "é", "и", "の", "山", "9", "-", "\xF0\x9F\x90\xB1", "q"
    };
    if (test_below(random, 2)) {
        fputs(words[test_below(random, COUNT_OF(words))], to);
        return;
    }
    for (size_t n = 1 + test_below(random, 12); n > 0; n--)
        fputs(pieces[test_below(random, COUNT_OF(pieces))], to);
}

static void write_texts(const char *path)
{
    test_random random = { 7 };
    static const char spaces[] = " \t\v\f\r ";
    FILE *to = fopen(path, "wb");
    assert_non_null(to);
    for (size_t i = 0; i < 4000; i++) {
        for (size_t n = 1 + test_below(&random, 12); n > 0; n--) {
            add_word(&random, to);
            if (n > 1 || test_below(&random, 8) == 0)
                fputc(spaces[test_below(&random, sizeof spaces - 1)], to);
        }
        fputc('\n', to);
    }
    fclose(to);
}

static void the_command_predicts_the_same(void **state)
{
    scratch *s = *state;
    if (system("command -v fasttext > /dev/null 2>&1") != 0)
        skip();
    char command[8192];
    const char *texts_path = scratch_path(s, "texts"), *want_path = scratch_path(s, "want");
    write_texts(texts_path);
    file texts = read_file(texts_path);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        print_message("  %s\n", names[i]);
        snprintf(command, sizeof command, "fasttext predict-prob '%s/fasttext/%s' '%s' > '%s'",
                 getenv("METACLIP_TEST_DATA"), names[i], texts_path, want_path);
        assert_int_equal(system(command), 0);
        file want = read_file(want_path);
        opened o = open_model(names[i]);
        assert_int_equal(check_lines(&o, texts.bytes, want.bytes), 4000);
        close_model(&o);
        free(want.bytes);
    }
    free(texts.bytes);
}

/* ---- texts ---- */

static int predict(const opened *o, const char *text)
{
    float probability;
    return mci_fasttext_predict(o->model, o->scratch, mc_str_of(text), &probability);
}

static void texts_without_a_word_have_no_label(void **state)
{
    (void)state;
    static const char *const texts[] = { "", " ", "\n", " \t\v\f\r\n " };
    opened o = open_model("tree.bin");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(predict(&o, texts[i]), MCI_NO_LABEL);
    float probability;
    assert_int_equal(mci_fasttext_predict(o.model, o.scratch, (mc_str){ "\0 \0", 3 }, &probability),
                     MCI_NO_LABEL);
    close_model(&o);
}

static void a_line_end_is_a_space_and_its_word_ends_the_text(void **state)
{
    (void)state;
    opened o = open_model("words.bin");
    float a, b;
    static const char *const alike[][2] = { { "the dog\nis big", "the dog is big" },
                                            { "a dog </s> der Hund und die Katze", "a dog" } };
    for (size_t i = 0; i < COUNT_OF(alike); i++) {
        int label = mci_fasttext_predict(o.model, o.scratch, mc_str_of(alike[i][0]), &a);
        assert_int_equal(label,
                         mci_fasttext_predict(o.model, o.scratch, mc_str_of(alike[i][1]), &b));
        assert_true(a == b);
    }
    close_model(&o);
}

/* A word as long as all that is looked at; characters cut at the limit; as many words as fit. */
static void of_a_long_text_the_beginning_is_looked_at(void **state)
{
    (void)state;
    enum { N = MCI_FASTTEXT_TEXT };
    static const char *const parts[] = { "haus", "haus ", "é", "山 ", "a " };
    char *text = malloc(2 * N);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        opened o = open_model(names[i]);
        for (size_t k = 0; k < COUNT_OF(parts); k++) {
            float a = 0, b = 0;
            size_t n = strlen(parts[k]), cut = N / n * n;
            for (size_t at = 0; at < 2 * N; at++)
                text[at] = parts[k][at % n];
            if (n == 1 || parts[k][0] == 'h')
                cut = N;
            int label = mci_fasttext_predict(o.model, o.scratch, (mc_str){ text, 2 * N }, &a);
            assert_int_equal(label,
                             mci_fasttext_predict(o.model, o.scratch, (mc_str){ text, N }, &b));
            assert_int_equal(label,
                             mci_fasttext_predict(o.model, o.scratch, (mc_str){ text, cut }, &b));
        }
        close_model(&o);
    }
    free(text);
}

/* ---- files ---- */

static mc_status try_bytes(const char *bytes, size_t n, mc_error *err)
{
    mci_fasttext *model = NULL;
    mci_fasttext_scratch *s = NULL;
    float probability;
    /* A copy of just this length, so that a sanitizer sees what is read beyond. */
    char *copy = malloc(n ? n : 1);
    if (n)
        memcpy(copy, bytes, n);
    mc_status status = mci_fasttext_open((mc_str){ copy, n }, &model, err);
    if (status >= 0 && mci_fasttext_scratch_new(model, &s, NULL) >= 0) {
        int label =
            mci_fasttext_predict(model, s, mc_str_of("the w17 große 猫 haus"), &probability);
        assert_in_range(label + 1, 0, mci_fasttext_n_labels(model));
    }
    mci_fasttext_scratch_free(s);
    mci_fasttext_free(model);
    free(copy);
    return status;
}

static void every_beginning_of_a_file_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        file f = read_data(names[i]);
        for (size_t n = 0; n < f.n; n += n < 6000 || n + 600 > f.n ? 1 : 97) {
            mc_error err = { 0 };
            assert_int_equal(try_bytes(f.bytes, n, &err), MC_E_FORMAT);
            assert_says(err.text, n < 4 ? "not a fastText model" : "it ends early");
        }
        free(f.bytes);
    }
}

static void a_byte_more_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        mc_error err = { 0 };
        file f = read_data(names[i]);
        assert_int_equal(try_bytes(f.bytes, f.n + 1, &err), MC_E_FORMAT);
        assert_says(err.text, "something stands behind its end");
        free(f.bytes);
    }
}

/* Most such files are refused; those that are taken give one of their labels, or none. */
static void no_changed_byte_leads_astray(void **state)
{
    (void)state;
    test_random random = { 3 };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        file f = read_data(names[i]);
        for (int k = 0; k < 3000; k++) {
            size_t at = k < 200 ? (size_t)k : test_below(&random, f.n);
            char was = f.bytes[at];
            f.bytes[at] = (char)test_next(&random);
            try_bytes(f.bytes, f.n, NULL);
            f.bytes[at] = was;
        }
        free(f.bytes);
    }
}

/* Numbers of the beginning, by their place: see src/text/fasttext_file.c. */
enum { VERSION = 4, DIM = 8, WORD_NGRAMS = 28, LOSS = 32, KIND = 36, BUCKET = 40, MAXN = 48 };
enum { ENTRIES = 64, WORDS = 68, LABELS = 72, PRUNED = 84 };

static const struct {
    const char *name;
    size_t at;
    int32_t number;
    mc_status status;
    const char *says;
} wrong[] = {
    { "another kind of file", 0, 17, MC_E_FORMAT, "not a fastText model, such as lid.176.bin" },
    { "an older version", VERSION, 10, MC_E_FORMAT, "of version 10; 11 and 12 can be read" },
    { "a newer version", VERSION, 13, MC_E_FORMAT, "of version 13" },
    { "word vectors", KIND, 2, MC_E_FORMAT, "word vectors; one for languages classifies" },
    { "an unknown loss", LOSS, 5, MC_E_FORMAT, "it names no loss" },
    { "no dimension", DIM, 0, MC_E_FORMAT, "vectors are of length 0" },
    { "a huge dimension", DIM, 1 << 30, MC_E_LIMIT, "1073741824 numbers in a vector" },
    { "another dimension", DIM, 9, MC_E_FORMAT, "a matrix has another size" },
    { "huge n-grams", MAXN, INT32_MAX, MC_E_LIMIT, "characters in an n-gram" },
    { "huge n-grams of words", WORD_NGRAMS, 33, MC_E_LIMIT, "33 words in an n-gram" },
    { "no buckets", BUCKET, 0, MC_E_FORMAT, "no buckets for them" },
    { "negative buckets", BUCKET, -5, MC_E_FORMAT, "is negative" },
    { "more buckets", BUCKET, 501, MC_E_FORMAT, "not a vector for each bucket" },
    { "more entries", ENTRIES, INT32_MAX, MC_E_FORMAT, "numbers of words and labels cannot be" },
    { "no labels", LABELS, 0, MC_E_FORMAT, "numbers of words and labels cannot be" },
    { "negative words", WORDS, -1, MC_E_FORMAT, "numbers of words and labels cannot be" },
    { "pruned, to what is not there", PRUNED, INT32_MAX, MC_E_FORMAT, "it ends early" },
    { "pruned, to less than nothing", PRUNED, -2, MC_E_FORMAT, "number of n-grams cannot be" },
};

static void wrong_numbers_are_named(void **state)
{
    (void)state;
    file f = read_data("tree.bin");
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        mc_error err = { 0 };
        int32_t was;
        print_message("  %s\n", wrong[i].name);
        memcpy(&was, f.bytes + wrong[i].at, sizeof was);
        memcpy(f.bytes + wrong[i].at, &wrong[i].number, sizeof was);
        if (wrong[i].at == PRUNED) /* of 64 bits */
            memset(f.bytes + PRUNED + 4, wrong[i].number < 0 ? 0xFF : 0, 4);
        assert_int_equal(try_bytes(f.bytes, f.n, &err), wrong[i].status);
        assert_says(err.text, wrong[i].says);
        memcpy(f.bytes + wrong[i].at, &was, sizeof was);
    }
    free(f.bytes);
}

/* Where "text" begins in the file. */
static char *find(file *f, const char *text)
{
    char *at = memmem(f->bytes, f->n, text, strlen(text) + 1);
    assert_non_null(at);
    return at;
}

static void wrong_words_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *was, *is, *says;
        int count_byte; /* is set to 0x7F, if not negative */
    } cases[] = {
        { "__label__en", "__lable__en", "does not begin with __label__", -1 },
        { "__label__en", "__label__e,", "is no code of a language", -1 },
        { "__label__en", "__label__fr", "a word stands in it twice", -1 },
        { "__label__en", "__label__en", "counted more than 10^15 times", 7 },
        { "house", "night", "a word stands in it twice", -1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        file f = read_data("tree.bin");
        char *at = find(&f, cases[i].was);
        memcpy(at, cases[i].is, strlen(cases[i].is));
        if (cases[i].count_byte >= 0)
            at[strlen(cases[i].was) + 1 + (size_t)cases[i].count_byte] = 0x7F;
        assert_int_equal(try_bytes(f.bytes, f.n, &err), MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        free(f.bytes);
    }
}

/* As tests/data/make_fasttext.sh trained them. */
static void a_model_tells_what_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mci_fasttext_facts want;
    } cases[] = {
        { "tree.bin", { 8, 285, 7, 2, 4, 1, 500, false, false, false, 0, "hierarchical softmax" } },
        { "tree.ftz", { 8, 16, 7, 2, 4, 1, 500, true, false, true, 284, "hierarchical softmax" } },
        { "softmax.bin", { 10, 285, 7, 2, 5, 1, 400, false, false, false, 0, "softmax" } },
        { "words.bin", { 6, 285, 7, 3, 0, 3, 300, false, false, false, 0, "softmax" } },
        { "each.bin", { 8, 285, 7, 1, 3, 1, 300, false, false, false, 0, "one against all" } },
        { "many.ftz", { 5, 441, 300, 2, 3, 1, 300, true, true, false, 0, "softmax" } },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        opened o = open_model(cases[i].name);
        const mci_fasttext_facts *want = &cases[i].want, got = mci_fasttext_tell(o.model);
        print_message("  case: %s\n", cases[i].name);
        assert_true(mci_fasttext_is((mc_str){ o.f.bytes, o.f.n }));
        assert_int_equal(got.dim, want->dim);
        assert_int_equal(got.n_words, want->n_words);
        assert_int_equal(got.n_labels, want->n_labels);
        assert_int_equal(got.max_chars, want->max_chars);
        assert_true(got.max_chars == 0 || got.min_chars == want->min_chars);
        assert_int_equal(got.word_ngrams, want->word_ngrams);
        assert_int_equal(got.buckets, want->buckets);
        assert_int_equal(got.is_quantised, want->is_quantised);
        assert_int_equal(got.is_output_quantised, want->is_output_quantised);
        assert_int_equal(got.is_pruned, want->is_pruned);
        assert_int_equal(got.n_kept, want->n_kept);
        assert_string_equal(got.loss, want->loss);
        close_model(&o);
    }
    assert_false(mci_fasttext_is(mc_str_of("\xBA\x16\x4F")));
    assert_false(mci_fasttext_is(mc_str_of("no model")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_tells_what_it_is),
        cmocka_unit_test(what_was_kept_is_predicted),
        cmocka_unit_test_setup_teardown(the_command_predicts_the_same, scratch_open, scratch_close),
        cmocka_unit_test(texts_without_a_word_have_no_label),
        cmocka_unit_test(a_line_end_is_a_space_and_its_word_ends_the_text),
        cmocka_unit_test(of_a_long_text_the_beginning_is_looked_at),
        cmocka_unit_test(every_beginning_of_a_file_is_refused),
        cmocka_unit_test(a_byte_more_is_refused),
        cmocka_unit_test(no_changed_byte_leads_astray),
        cmocka_unit_test(wrong_numbers_are_named),
        cmocka_unit_test(wrong_words_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
