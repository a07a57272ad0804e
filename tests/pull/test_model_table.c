/* The table of published models: what every row must be, and by which names it is found. */
#include "test.h"

#include <ctype.h>

#include "metaclip/metaclip.h"
#include "pull/model_table.h"

static void every_row_is_whole_and_no_name_is_used_twice(void **state)
{
    (void)state;
    size_t n;
    const mc_published_model *models = mc_models(&n);
    assert_true(n > 20);
    for (size_t i = 0; i < n; i++) {
        const mc_published_model *model = &models[i];
        char want[256];
        print_message("  model: %s\n", model->name);
        snprintf(want, sizeof want, "https://dl.fbaipublicfiles.com/MMPT/metaclip/%s.pt",
                 model->name);
        assert_string_equal(model->url, want);
        assert_int_equal(strlen(model->sha256), MC_SHA256_DIGITS);
        for (size_t j = 0; j < MC_SHA256_DIGITS; j++)
            assert_true(isdigit((unsigned char)model->sha256[j]) ||
                        (model->sha256[j] >= 'a' && model->sha256[j] <= 'f'));
        /* MetaCLIP names the models with QuickGELU so. */
        bool is_quick = strstr(model->model, "quickgelu") != NULL;
        assert_string_equal(model->activation, is_quick ? "quickgelu" : "gelu");
        bool is_mt5 = strstr(model->model, "mT5") != NULL;
        bool is_worldwide = strstr(model->model, "worldwide") != NULL;
        assert_string_equal(model->vocabulary, is_mt5 ? "mt5" : is_worldwide ? "xlm-v" : "clip");
        assert_true(!*model->repository || mci_is_repository(model->repository));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(models[j].name, model->name);
            assert_string_not_equal(models[j].sha256, model->sha256);
            assert_true(!*model->repository ||
                        strcmp(models[j].repository, model->repository) != 0);
        }
    }
}

static const struct {
    const char *what, *name; /* NULL: nobody, or several */
} cases[] = {
    { "b32_400m", "b32_400m" },
    { "ViT-B-32-quickgelu:metaclip_400m", "b32_400m" },
    { "ViT-B-32-quickgelu:metaclip_2_5b", "b32_fullcc2.5b" },
    { "ViT-B-32-quickgelu:metaclip_fullcc", "b32_fullcc2.5b" },
    { "ViT-bigG-14-quickgelu:metaclip_fullcc", "G14_fullcc2.5b" },
    { "facebook/metaclip-l14-400m", "l14_400m" },
    { "metaclip_altogether", "h14_v1.2_altogether" }, /* the only one of this tag */
    { "ViT-H-14:metaclip_altogether", "h14_v1.2_altogether" },
    { "ViT-H-14-quickgelu-worldwide:metaclip2_worldwide",
      "metaclip2_h14_quickgelu_224px_worldwide" },
    { "ViT-H-14-worldwide-quickgelu:metaclip2_worldwide",
      "metaclip2_h14_quickgelu_224px_worldwide" },
    { "metaclip_400m", NULL },
    { "metaclip", NULL },
    { "ViT-B-32-quickgelu", NULL },
    { "ViT-B-32-quickgelu:", NULL },
    { "ViT-B-32:metaclip_400m", NULL },
    { ":metaclip_400m", NULL },
    { "B32_400M", NULL },
    { "b32_400m.pt", NULL },
    { "", NULL },
};

static void models_are_found_by_the_names_of_both_projects(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", cases[i].what);
        const mc_published_model *model = mc_models_named(cases[i].what, &err);
        if (cases[i].name) {
            assert_non_null(model);
            assert_string_equal(model->name, cases[i].name);
        } else {
            assert_null(model);
            assert_int_equal(err.status, MC_E_ARG);
            assert_true(err.text[0] != '\0');
        }
    }
}

static void repositories_are_two_plain_names(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool is_one;
    } words[] = {
        { "a/b", true },     { "facebook/metaclip-b32-fullcc2.5b", true },
        { "", false },       { "a", false },
        { "/", false },      { "a/", false },
        { "/b", false },     { "a/b/c", false },
        { "a//b", false },   { "../b", false },
        { "a/..", false },   { "a/.b", false },
        { "a b/c", false },  { "a/b?c", false },
        { "a/b%2f", false }, { "a/b\n", false },
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        print_message("  case: \"%s\"\n", words[i].what);
        assert_int_equal(mci_is_repository(words[i].what), words[i].is_one);
    }
}

static void what_is_not_here_says_how_to_get_it(void **state)
{
    (void)state;
    mc_error err = { 0 };
    char *path = NULL;
    const mc_published_model *model = NULL;
    assert_int_equal(mc_models_find("/nowhere", "b32_400m", &path, &model, &err), MC_E_IO);
    assert_says(err.text, "`metaclip pull b32_400m` gets it");
    assert_int_equal(mc_models_find("/nowhere", "a/b", &path, &model, &err), MC_E_IO);
    assert_int_equal(mc_models_find("/nowhere", "nobody", &path, &model, &err), MC_E_ARG);
    assert_null(path);
    assert_null(model);
}

static void a_row_as_json_says_null_for_what_is_not_known(void **state)
{
    (void)state;
    mc_error err = { 0 };
    char *json = NULL;
    assert_ok(mc_models_json(mc_models_named("G14_fullcc2.5b", &err), &json, &err), err);
    assert_says(json, "{\"name\":\"G14_fullcc2.5b\",\"model\":\"ViT-bigG-14-quickgelu\",");
    assert_says(json, "\"tags\":[\"metaclip_2_5b\",\"metaclip_fullcc\",\"metaclip2_5b\"],");
    assert_says(json, "\"repository\":null,");
    assert_says(json, "\"bytes\":null}");
    mc_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole_and_no_name_is_used_twice),
        cmocka_unit_test(models_are_found_by_the_names_of_both_projects),
        cmocka_unit_test(repositories_are_two_plain_names),
        cmocka_unit_test(what_is_not_here_says_how_to_get_it),
        cmocka_unit_test(a_row_as_json_says_null_for_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
