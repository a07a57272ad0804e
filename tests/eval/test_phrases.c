/* Class names and templates: lines, JSON, and what is neither. */
#include "eval/class_weights.h"
#include "eval/phrases.h"
#include "metaclip/eval.h"

#include "scratch.h"

/* "a|b c": texts, a bar between groups, a plus between the names of one. */
static void show(const mci_phrases *p, char out[256])
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < p->n; i++) {
        const mc_str text = mci_phrases_get(p, i);
        const char *mark = i == 0 ? "" : p->groups[i] == p->groups[i - 1] ? "+" : "|";
        n += (size_t)snprintf(out + n, 256 - n, "%s%.*s", mark, (int)text.len, text.data);
    }
}

static const struct {
    const char *name, *file, *want;
    size_t n_groups;
} good[] = {
    { "lines", "a cat\n  a dog \r\n\n\t\nred", "a cat|a dog|red", 3 },
    { "byte order mark",
      "\xEF\xBB\xBF"
      "a\nb\n",
      "a|b", 2 },
    { "array", "[\"a\", \"b\\u0041\"]", "a|bA", 2 },
    { "several names", " [[\"a\",\"b\"],\"c\"]", "a+b|c", 2 },
    { "object", "{\"x\":[\"no\"],\"set\":[\"a\"]}", "a", 1 },
    { "template at the start", "{} and more\n{c}.", "{} and more|{c}.", 2 },
};

static const struct {
    const char *name, *file, *says;
} bad[] = {
    { "empty", "", "not a line" },
    { "blank", " \n\n", "not a line" },
    { "empty array", "[]", "not a line" },
    { "no such set", "{\"x\":[\"a\"]}", "nothing under the name \"set\"" },
    { "number", "[\"a\", 1]", "element 1 is neither" },
    { "number in a group", "[[\"a\", 1]]", "no string" },
    { "empty group", "[[]]", "element 0 is empty" },
    { "object of objects", "{\"set\":{\"a\":[]}}", "want an array" },
    { "cut", "[\"a\"", "" },
    { "not UTF-8", "a\n\xFF\n", "not UTF-8" },
};

static void files_are_read(void **state)
{
    mci_phrases p = { 0 };
    char got[256];
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", good[i].name);
        assert_ok(mci_phrases_load(&p, scratch_text(*state, "f", good[i].file), "set", &err), err);
        show(&p, got);
        assert_string_equal(got, good[i].want);
        assert_int_equal(p.n_groups, good[i].n_groups);
    }
    mci_phrases_release(&p);
}

static void others_are_refused_with_their_path(void **state)
{
    mci_phrases p = { 0 };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", bad[i].name);
        const char *path = scratch_text(*state, "f", bad[i].file);
        assert_int_equal(mci_phrases_load(&p, path, "set", &err), MC_E_FORMAT);
        assert_says(err.text, bad[i].says);
        assert_says(err.text, path);
    }
    mc_error err = { 0 };
    assert_int_equal(mci_phrases_load(&p, scratch_path(*state, "none"), "set", &err), MC_E_IO);
    mci_phrases_release(&p);
}

static void names_go_where_templates_say(void **state)
{
    static const char *const cases[][2] = {
        { "a {}.", "a cat." },
        { "{c}", "cat" },
        { "{} {c} {}", "cat cat cat" },
        { "{{}} {d} {c", "{cat} {d} {c" },
        { "none", "none" },
        { "{", "{" },
    };
    mci_buf out = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(mci_fill_template(mc_str_of(cases[i][0]), mc_str_of("cat"), &out, NULL),
                         MC_OK);
        assert_str(mci_buf_str(&out), cases[i][1]);
    }
    mci_buf_release(&out);
}

static void built_in_templates_have_a_place_each(void **state)
{
    (void)state;
    assert_non_null(mc_prompt_set("general"));
    assert_null(mc_prompt_set("nothing"));
    for (size_t i = 0; mc_prompt_set_name(i); i++) {
        mci_phrases p = { 0 };
        print_message("  case: %s\n", mc_prompt_set_name(i));
        assert_int_equal(
            mci_phrases_lines(&p, mc_str_of(mc_prompt_set(mc_prompt_set_name(i))), NULL), MC_OK);
        assert_true(p.n > 0);
        for (size_t k = 0; k < p.n; k++) {
            const mc_str text = mci_phrases_get(&p, k);
            assert_non_null(memmem(text.data, text.len, "{}", 2));
        }
        mci_phrases_release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_read, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(others_are_refused_with_their_path, scratch_open,
                                        scratch_close),
        cmocka_unit_test(names_go_where_templates_say),
        cmocka_unit_test(built_in_templates_have_a_place_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
