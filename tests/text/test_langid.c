#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "text/langid.h"

static const struct {
    const char *text, *code;
} cases[] = {
    { "The quick brown fox jumps over the lazy dog near the river bank", "en" },
    { "Der schnelle braune Fuchs springt über den faulen Hund am Flussufer", "de" },
    { "Un chat noir dort sur le canapé du salon pendant que la pluie tombe", "fr" },
    { "这是一个关于北京天安门广场的照片说明文字", "zh" },
    { "猫がソファの上で気持ちよさそうに眠っています", "ja" },
    { "Чёрная кошка спит на диване в гостиной, пока идёт дождь", "ru" },
    { "แมวดำนอนหลับอยู่บนโซฟาในห้องนั่งเล่น", "th" },
    { "", "und" },
    { " ", "und" },
    { "IMG 0012", "und" },
    { "1234567890", "und" },
    { "12:30 -- 14:45 (#7)\t~\r\n", "und" }, /* no letters */
    { "The quick brown fox jumps over\tthe lazy dog\r\nnear the river bank", "en" },
    { "The quick brown fox jumps over the lazy dog near the river bank\x01", "und" }, /* no text */
    { "The quick brown fox jumps over the lazy dog near the river bank\x7F", "und" },
    { "\xff\xfe\x80 no text at all", "und" },
};

static void languages_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].text);
        assert_string_equal(mci_language_of(mc_str_of(cases[i].text)), cases[i].code);
    }
    assert_string_equal(mci_language_of((mc_str){ NULL, 0 }), "und");
}

static void what_is_told_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(mci_language_is_known(mc_str_of(cases[i].code)));
    assert_false(mci_language_is_known(mc_str_of("")));
    assert_false(mci_language_is_known(mc_str_of("english")));
    assert_false(mci_language_is_known(mc_str_of("un"))); /* CLD2's own word for "und" */
}

/* The library must not read beyond the text; and markup is text like any other. */
static void texts_at_the_end_of_memory_are_read_to_their_end(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    static const char *const sources[] = { "The black cat <b>sleeps &amp; dreams</b> in the room ",
                                           "黑色的猫在客厅的沙发上睡觉", "Чёрная кошка спит " };
    char *block = mmap(NULL, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    assert_int_equal(mprotect(block, page, PROT_READ | PROT_WRITE), 0);
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        size_t n = strlen(sources[i]);
        for (size_t at = 0; at < page; at++)
            block[page - 1 - at] = sources[i][n - 1 - at % n];
        for (size_t len = 0; len < 300; len++)
            assert_true(strlen(mci_language_of((mc_str){ block + page - len, len })) > 1);
    }
    munmap(block, 2 * page);
}

/* The limit falls between two characters, or on one. */
static void of_a_long_text_the_beginning_is_looked_at(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    static const char *const words[] = { "чёрная ",  "кошка ", "спит ",  "на ",    "диване ",
                                         "большой ", "дом ",   "стоит ", "возле ", "реки ",
                                         "когда ",   "идёт ",  "дождь ", "весной " };
    test_random random = { 1 };
    char *text = malloc(N + 32);
    size_t n = 0;
    text[n++] = ' ';
    while (n < N) {
        const char *word = words[test_below(&random, COUNT_OF(words))];
        memcpy(text + n, word, strlen(word));
        n += strlen(word);
    }
    for (size_t skip = 0; skip < 2; skip++)
        assert_string_equal(mci_language_of((mc_str){ text + skip, n - skip }), "ru");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(languages_are_told),
        cmocka_unit_test(what_is_told_is_known),
        cmocka_unit_test(texts_at_the_end_of_memory_are_read_to_their_end),
        cmocka_unit_test(of_a_long_text_the_beginning_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
