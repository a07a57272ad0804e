/* Vocabularies, merging, and the learning of both, each against the plain way. */
#include "base/alloc.h"
#include "test.h"
#include "text/bpe_merge.h"
#include "text/bpe_train.h"
#include "text/bpe_vocab.h"

/* ---- names of bytes ---- */

static void bytes_are_named_as_gpt_2_names_them(void **state)
{
    (void)state;
    static const struct {
        unsigned char byte;
        const char *name;
    } cases[] = {
        { 'a', "a" },         { '!', "!" },         { '~', "~" },         { ' ', "\xC4\xA0" },
        { 0, "\xC4\x80" },    { 0x7F, "\xC4\xA1" }, { 0xA1, "\xC2\xA1" }, { 0xAD, "\xC5\x83" },
        { 0xFF, "\xC3\xBF" }, { 0xA0, "\xC5\x82" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char name[MCI_NAME_BYTES];
        size_t len = mci_bpe_byte_name(cases[i].byte, name);
        assert_str(((mc_str){ name, len }), cases[i].name);
    }
    assert_int_equal(mci_bpe_byte_at(0), '!');
    assert_int_equal(mci_bpe_byte_at(94), 0xA1);
    assert_int_equal(mci_bpe_byte_at(188), 0);
    assert_int_equal(mci_bpe_byte_at(255), 0xAD);
}

static void names_of_bytes_lead_back(void **state)
{
    (void)state;
    mci_buf name = { 0 }, bytes = { 0 };
    bool ends_word;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[MCI_NAME_BYTES];
        size_t len = mci_bpe_byte_name((unsigned char)byte, text);
        mci_buf_append(&name, text, len, NULL);
    }
    assert_int_equal(mci_bpe_name_bytes(mci_buf_str(&name), &bytes, &ends_word, NULL), MC_OK);
    assert_int_equal(bytes.len, 256);
    assert_false(ends_word);
    for (unsigned byte = 0; byte < 256; byte++)
        assert_int_equal((unsigned char)bytes.data[byte], byte);
    mci_buf_clear(&bytes);
    mci_bpe_name_bytes(mc_str_of("ab</w>"), &bytes, &ends_word, NULL);
    assert_str(mci_buf_str(&bytes), "ab");
    assert_true(ends_word);
    mci_buf_release(&name);
    mci_buf_release(&bytes);
}

/* ---- vocabularies ---- */

static mci_bpe_vocab *parse(const char *file)
{
    mc_error err = { 0 };
    mci_bpe_vocab *vocab = NULL;
    assert_ok(mci_bpe_vocab_parse(mc_str_of(file), &vocab, &err), err);
    return vocab;
}

static void ids_are_places(void **state)
{
    (void)state;
    mci_bpe_vocab *vocab = parse("heading\na b\nab c</w>");
    assert_int_equal(vocab->n_ids, 516);
    assert_int_equal(vocab->start_id, 514);
    assert_int_equal(vocab->end_id, 515);
    assert_int_equal(vocab->ids[vocab->inner['!']], 0);
    assert_int_equal(vocab->ids[vocab->last['!']], 256);
    assert_str(mci_bpe_symbol_name(vocab, (uint32_t)vocab->id_symbol[513]), "abc</w>");
    mci_bpe_vocab_free(vocab);
}

static void a_blank_last_line_has_an_id_as_in_the_original(void **state)
{
    (void)state;
    mci_bpe_vocab *vocab = parse("heading\na b\n");
    assert_int_equal(vocab->n_ids, 516);
    assert_int_equal(vocab->start_id, 514);
    mci_bpe_vocab_free(vocab);
}

static void of_openais_file_only_so_many_merges_count(void **state)
{
    (void)state;
    mci_buf file = { 0 };
    mci_bpe_vocab *vocab = NULL;
    mci_buf_add(&file, mc_str_of("heading"), NULL);
    for (int i = 0; i < MCI_CLIP_MERGES + 10; i++)
        mci_buf_printf(&file, NULL, "\na%d b%d", i, i);
    mci_buf_add(&file, mc_str_of("\nthis is never read"), NULL);
    assert_int_equal(mci_bpe_vocab_parse(mci_buf_str(&file), &vocab, NULL), MC_OK);
    assert_int_equal(vocab->n_ids, 49408);
    mci_bpe_vocab_free(vocab);
    mci_buf_release(&file);
}

static void a_wrong_line_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *file, *says;
    } cases[] = {
        { "", "empty" },
        { "heading\na b\nab", "line 3 is \"ab\", not two symbols" },
        { "heading\na b c", "line 2" },
        { "heading\n a", "line 2" },
        { "heading\na ", "line 2" },
        { "heading\n\na b", "line 2" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mci_bpe_vocab *vocab = NULL;
        assert_int_equal(mci_bpe_vocab_parse(mc_str_of(cases[i].file), &vocab, &err), MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        assert_null(vocab);
    }
}

/* ---- merging ---- */

/* The definition, symbol by symbol. */
static size_t merge_plainly(const mci_bpe_vocab *vocab, mc_str word, int32_t *ids)
{
    uint32_t symbols[512];
    size_t n = word.len;
    for (size_t i = 0; i < n; i++)
        symbols[i] = (i + 1 < n ? vocab->inner : vocab->last)[(unsigned char)word.data[i]];
    for (;;) {
        const mci_bpe_merge *best = NULL;
        for (size_t i = 0; i + 1 < n; i++) {
            const mci_bpe_merge *merge = mci_bpe_find(vocab, symbols[i], symbols[i + 1]);
            if (merge && (!best || merge->rank < best->rank))
                best = merge;
        }
        if (!best)
            break;
        size_t to = 0;
        for (size_t i = 0; i < n; to++) {
            bool is_it = i + 1 < n && ((uint64_t)symbols[i] << 32 | symbols[i + 1]) == best->key;
            symbols[to] = is_it ? best->symbol : symbols[i];
            i += is_it ? 2 : 1;
        }
        n = to;
    }
    for (size_t i = 0; i < n; i++)
        ids[i] = vocab->ids[symbols[i]];
    return n;
}

/* A list of merges that no training would give: parts may come later than what they are part of, or
 * never, and lines repeat. */
static mci_bpe_vocab *random_vocab(test_random *random)
{
    mci_buf file = { 0 };
    size_t n = 1 + test_below(random, 60);
    mci_buf_add(&file, mc_str_of("heading"), NULL);
    for (size_t i = 0; i < n; i++) {
        char parts[2][8];
        for (int k = 0; k < 2; k++) {
            size_t len = 1 + test_below(random, 3);
            for (size_t c = 0; c < len; c++)
                parts[k][c] = (char)('a' + test_below(random, 2));
            parts[k][len] = '\0';
        }
        mci_buf_printf(&file, NULL, "\n%s %s%s", parts[0], parts[1],
                       test_below(random, 4) ? "" : MCI_WORD_END);
    }
    mci_buf_terminate(&file, NULL);
    mci_bpe_vocab *vocab = parse(file.data);
    mci_buf_release(&file);
    return vocab;
}

static void short_and_long_words_are_merged_as_defined(void **state)
{
    (void)state;
    test_random random = { 1 };
    mci_bpe_scratch scratch = { 0 };
    for (int round = 0; round < 300; round++) {
        mci_bpe_vocab *vocab = random_vocab(&random);
        for (int i = 0; i < 40; i++) {
            char word[300];
            int32_t got[300], want[300];
            size_t n, len = 1 + test_below(&random, i % 2 ? MCI_BPE_SHORT + 2 : sizeof word);
            for (size_t c = 0; c < len; c++)
                word[c] = (char)('a' + (test_below(&random, 8) ? 0 : test_below(&random, 3)));
            mc_str text = { word, len };
            assert_int_equal(mci_bpe_word(vocab, &scratch, text, got, &n, NULL), MC_OK);
            assert_int_equal(n, merge_plainly(vocab, text, want));
            assert_memory_equal(got, want, n * sizeof *got);
        }
        mci_bpe_vocab_free(vocab);
    }
    mci_bpe_scratch_release(&scratch);
}

static void a_very_long_word_takes_no_square_time(void **state)
{
    (void)state;
    enum { LEN = 1 << 20 };
    mci_bpe_vocab *vocab = parse("heading\na a\naa aa\naaaa aaaa");
    mci_bpe_scratch scratch = { 0 };
    char *word = malloc(LEN);
    int32_t *ids = malloc(LEN * sizeof *ids);
    size_t n;
    memset(word, 'a', LEN);
    assert_int_equal(mci_bpe_word(vocab, &scratch, (mc_str){ word, LEN }, ids, &n, NULL), MC_OK);
    assert_int_equal(n,
                     LEN / 8 - 1 + 4); /* the last byte is another symbol: 7 = 4 + 2 + 1, and it */
    free(ids);
    free(word);
    mci_bpe_scratch_release(&scratch);
    mci_bpe_vocab_free(vocab);
}

/* ---- learning ---- */

typedef struct {
    uint32_t symbols[64];
    size_t n;
    uint64_t count;
} plain_word;

enum { MAX_WORDS = 64, MAX_SYMBOLS = 2048 };

typedef struct {
    plain_word words[MAX_WORDS];
    size_t n_words;
    mci_buf names[MAX_SYMBOLS];
    size_t n_symbols;
} plain_trainer;

static void add_name(plain_trainer *t, mc_str first, mc_str second)
{
    mci_buf *name = &t->names[t->n_symbols++];
    mci_buf_add(name, first, NULL);
    mci_buf_add(name, second, NULL);
}

static bool is_name(const plain_trainer *t, mc_str first, mc_str second)
{
    for (size_t i = 0; i < t->n_symbols; i++) {
        mc_str name = mci_buf_str(&t->names[i]);
        if (name.len == first.len + second.len && memcmp(name.data, first.data, first.len) == 0 &&
            memcmp(name.data + first.len, second.data, second.len) == 0)
            return true;
    }
    return false;
}

static uint64_t occurrences(const plain_trainer *t, uint32_t left, uint32_t right)
{
    uint64_t n = 0;
    for (size_t w = 0; w < t->n_words; w++) {
        for (size_t i = 0; i + 1 < t->words[w].n; i++)
            n += t->words[w].symbols[i] == left && t->words[w].symbols[i + 1] == right
                     ? t->words[w].count
                     : 0;
    }
    return n;
}

/* Looks at every pair of the words, counting each anew. */
static bool best_plainly(const plain_trainer *t, uint32_t best[2])
{
    uint64_t most = 1;
    for (size_t w = 0; w < t->n_words; w++) {
        for (size_t i = 0; i + 1 < t->words[w].n; i++) {
            uint32_t left = t->words[w].symbols[i], right = t->words[w].symbols[i + 1];
            uint64_t n = occurrences(t, left, right);
            bool is_before = left < best[0] || (left == best[0] && right < best[1]);
            if (n < most || n < 2 || (n == most && !is_before) ||
                is_name(t, mci_buf_str(&t->names[left]), mci_buf_str(&t->names[right])))
                continue;
            most = n;
            best[0] = left;
            best[1] = right;
        }
    }
    return most > 1;
}

static void replace_plainly(plain_trainer *t, const uint32_t pair[2], uint32_t with)
{
    for (size_t w = 0; w < t->n_words; w++) {
        plain_word *word = &t->words[w];
        size_t to = 0;
        for (size_t i = 0; i < word->n; to++) {
            bool is_it =
                i + 1 < word->n && word->symbols[i] == pair[0] && word->symbols[i + 1] == pair[1];
            word->symbols[to] = is_it ? with : word->symbols[i];
            i += is_it ? 2 : 1;
        }
        word->n = to;
    }
}

static void learn_plainly(plain_trainer *t, size_t n_ids, mci_buf *file)
{
    while (t->n_symbols < n_ids - 2) {
        uint32_t best[2] = { UINT32_MAX, UINT32_MAX };
        if (!best_plainly(t, best))
            break;
        mc_str left = mci_buf_str(&t->names[best[0]]), right = mci_buf_str(&t->names[best[1]]);
        mci_buf_printf(file, NULL, "\n%.*s %.*s", (int)left.len, left.data, (int)right.len,
                       right.data);
        add_name(t, left, right);
        replace_plainly(t, best, (uint32_t)t->n_symbols - 1);
    }
}

static plain_trainer *new_plain_trainer(void)
{
    plain_trainer *t = calloc(1, sizeof *t);
    for (int behind = 0; behind < 2; behind++) {
        for (unsigned place = 0; place < 256; place++) {
            char name[MCI_NAME_BYTES];
            size_t len = mci_bpe_byte_name(mci_bpe_byte_at(place), name);
            add_name(t, (mc_str){ name, len }, mc_str_of(behind ? MCI_WORD_END : ""));
        }
    }
    return t;
}

static void add_plain_word(plain_trainer *t, mc_str word)
{
    plain_word added = { .n = word.len, .count = 1 };
    for (size_t i = 0; i < word.len; i++) {
        for (uint32_t place = 0; place < 256; place++) {
            if (mci_bpe_byte_at(place) == (unsigned char)word.data[i])
                added.symbols[i] = place + (i + 1 == word.len ? 256 : 0);
        }
    }
    for (size_t w = 0; w < t->n_words; w++) {
        if (t->words[w].n == added.n &&
            memcmp(t->words[w].symbols, added.symbols, added.n * sizeof *added.symbols) == 0) {
            t->words[w].count++;
            return;
        }
    }
    t->words[t->n_words++] = added;
}

static void release_plain(plain_trainer *t)
{
    for (size_t i = 0; i < t->n_symbols; i++)
        mci_buf_release(&t->names[i]);
    free(t);
}

static void learning_equals_counting_anew_each_time(void **state)
{
    (void)state;
    test_random random = { 2 };
    for (int round = 0; round < 40; round++) {
        plain_trainer *plain = new_plain_trainer();
        mci_bpe_trainer *trainer = NULL;
        assert_int_equal(mci_bpe_trainer_new(MC_RULE_OPENAI, 1000, &trainer, NULL), MC_OK);
        for (int i = 0; i < 60; i++) {
            char word[24];
            bool repaired;
            size_t len = 1 + test_below(&random, sizeof word);
            for (size_t c = 0; c < len; c++) /* runs, to have pairs overlap */
                word[c] = (char)('a' + (test_below(&random, 3) ? 0 : test_below(&random, 4)));
            mc_str text = { word, len };
            assert_int_equal(mci_bpe_trainer_add(trainer, text, &repaired, NULL), MC_OK);
            add_plain_word(plain, text);
        }
        mci_buf got = { 0 }, want = { 0 };
        size_t n_made, n_ids = 515 + test_below(&random, 300);
        assert_int_equal(mci_bpe_trainer_learn(trainer, n_ids, &got, &n_made, NULL), MC_OK);
        learn_plainly(plain, n_ids, &want);
        size_t heading = (size_t)((char *)memchr(got.data, '\n', got.len) - got.data);
        assert_int_equal(n_made, plain->n_symbols + 2);
        assert_int_equal(got.len - heading, want.len);
        assert_memory_equal(got.data + heading, want.data, want.len);
        mci_buf_release(&got);
        mci_buf_release(&want);
        mci_bpe_trainer_free(trainer);
        release_plain(plain);
    }
}

static void what_was_learnt_is_a_vocabulary_of_that_size(void **state)
{
    (void)state;
    mci_bpe_trainer *trainer = NULL;
    mci_bpe_vocab *vocab = NULL;
    mci_buf file = { 0 };
    size_t n_made;
    bool repaired;
    assert_int_equal(mci_bpe_trainer_new(MC_RULE_OPENAI, 1000, &trainer, NULL), MC_OK);
    for (int i = 0; i < 2; i++)
        mci_bpe_trainer_add(trainer, mc_str_of("the cat &amp; the x</w> hat"), &repaired, NULL);
    assert_int_equal(mci_bpe_trainer_learn(trainer, 600, &file, &n_made, NULL), MC_OK);
    assert_int_equal(mci_bpe_vocab_parse(mci_buf_str(&file), &vocab, NULL), MC_OK);
    assert_int_equal(vocab->n_ids, n_made);
    assert_true(n_made < 600); /* nothing more occurs twice */
    mci_bpe_vocab_free(vocab);
    mci_buf_release(&file);
    mci_bpe_trainer_free(trainer);
}

static void a_trainer_has_limits(void **state)
{
    (void)state;
    mci_bpe_trainer *trainer = NULL;
    mc_error err = { 0 };
    bool repaired;
    char word[MCI_TRAIN_WORD_BYTES + 1];
    memset(word, 'a', sizeof word);
    assert_int_equal(mci_bpe_trainer_new(MC_RULE_OPENAI, 2, &trainer, NULL), MC_OK);
    mc_str longest = { word, MCI_TRAIN_WORD_BYTES }, too_long = { word, sizeof word };
    assert_int_equal(mci_bpe_trainer_add(trainer, longest, &repaired, &err), MC_OK);
    assert_int_equal(mci_bpe_trainer_add(trainer, too_long, &repaired, &err), MC_OK);
    mci_bpe_trainer_facts facts = mci_bpe_trainer_tell(trainer);
    assert_int_equal(facts.n_words, 2);
    assert_int_equal(facts.n_different, 1);
    assert_int_equal(facts.n_long, 1);
    assert_int_equal(mci_bpe_trainer_add(trainer, mc_str_of("b c"), &repaired, &err), MC_E_LIMIT);
    assert_says(err.text, "more than 2 different words");
    mci_bpe_trainer_free(trainer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_named_as_gpt_2_names_them),
        cmocka_unit_test(names_of_bytes_lead_back),
        cmocka_unit_test(ids_are_places),
        cmocka_unit_test(a_blank_last_line_has_an_id_as_in_the_original),
        cmocka_unit_test(of_openais_file_only_so_many_merges_count),
        cmocka_unit_test(a_wrong_line_is_named),
        cmocka_unit_test(short_and_long_words_are_merged_as_defined),
        cmocka_unit_test(a_very_long_word_takes_no_square_time),
        cmocka_unit_test(learning_equals_counting_anew_each_time),
        cmocka_unit_test(what_was_learnt_is_a_vocabulary_of_that_size),
        cmocka_unit_test(a_trainer_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
