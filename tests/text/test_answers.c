#include "test.h"

#include <pthread.h>

#include "text/answers.h"

static mci_hash128 hash_of(uint64_t text)
{
    return mci_hash128_of((mc_str){ (const char *)&text, sizeof text });
}

/* What is asked about again, as a text would be, is answered as it was, or not at all. */
static uint16_t answer_of(uint64_t text)
{
    return (uint16_t)(text * 40503 % UINT16_MAX);
}

static mci_answers *new_answers(void)
{
    mc_error err = { 0 };
    mci_answers *answers = NULL;
    assert_ok(mci_answers_new(&answers, &err), err);
    return answers;
}

static void what_was_kept_is_found(void **state)
{
    (void)state;
    mci_answers *answers = new_answers();
    uint16_t answer;
    size_t n_found = 0;
    enum { N = 100000 };
    for (uint64_t i = 0; i < N; i++)
        assert_false(mci_answers_find(answers, hash_of(i), &answer));
    for (uint64_t i = 0; i < N; i++) {
        mci_answers_keep(answers, hash_of(i), answer_of(i));
        assert_true(mci_answers_find(answers, hash_of(i), &answer));
        assert_int_equal(answer, answer_of(i));
    }
    for (uint64_t i = 0; i < N; i++)
        if (mci_answers_find(answers, hash_of(i), &answer)) {
            assert_int_equal(answer, answer_of(i));
            n_found++;
        }
    assert_true(n_found > N / 100 * 99);
    mci_answers_free(answers);
}

static void hashes_that_differ_in_one_bit_are_not_mixed_up(void **state)
{
    (void)state;
    mci_answers *answers = new_answers();
    uint16_t answer;
    mci_hash128 hash = hash_of(7);
    mci_answers_keep(answers, hash, 3);
    for (int bit = 0; bit < 112; bit++) {
        mci_hash128 other = hash;
        other.low ^= bit < 48 ? UINT64_C(1) << bit : 0;
        other.high ^= bit < 48 ? 0 : UINT64_C(1) << (bit - 48);
        assert_false(mci_answers_find(answers, other, &answer));
    }
    assert_false(mci_answers_find(answers, (mci_hash128){ 0, 0 }, &answer)); /* a free slot's */
    mci_answers_keep(answers, (mci_hash128){ 0, 0 }, UINT16_MAX);            /* is not kept */
    assert_false(mci_answers_find(answers, (mci_hash128){ 0, 0 }, &answer));
    mci_answers_keep(answers, (mci_hash128){ 0, 0 }, 0);
    assert_true(mci_answers_find(answers, (mci_hash128){ 0, 0 }, &answer));
    assert_int_equal(answer, 0);
    mci_answers_free(answers);
}

/* All write to the same few lines, each answers to texts of its own. */
typedef struct {
    mci_answers *answers;
    uint64_t number, n_wrong;
} writer;

static mci_hash128 crowded(uint64_t i, uint64_t number)
{
    return (mci_hash128){ i % 8 << 40 | (i & 1), i << 8 | number };
}

static void *write_and_look(void *user)
{
    writer *w = user;
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t number = (w->number + i) % 4;
        uint16_t answer;
        if (mci_answers_find(w->answers, crowded(i % 64, number), &answer))
            w->n_wrong += answer != i % 64 * 8 + number;
        mci_answers_keep(w->answers, crowded(i % 64, w->number),
                         (uint16_t)(i % 64 * 8 + w->number));
    }
    return NULL;
}

static void threads_find_no_wrong_answers(void **state)
{
    (void)state;
    enum { N = 4 };
    pthread_t threads[N];
    writer writers[N];
    mci_answers *answers = new_answers();
    for (uint64_t i = 0; i < N; i++) {
        writers[i] = (writer){ answers, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, write_and_look, &writers[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(writers[i].n_wrong, 0);
    }
    mci_answers_free(answers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_found),
        cmocka_unit_test(hashes_that_differ_in_one_bit_are_not_mixed_up),
        cmocka_unit_test(threads_find_no_wrong_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
