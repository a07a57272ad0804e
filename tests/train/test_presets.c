/* The presets: files of share/configs, which say what the papers do. */
#include "train/train_config.h"

#include "test.h"

/* The papers' tables. What is the same in all stands in the test below. */
static const struct {
    const char *name, *model;
    double lr, beta2, weight_decay;
    uint64_t seen_pairs;
} published[] = {
    { "b32_400m", "ViT-B-32-quickgelu", 5e-4, 0.98, 0.2, 12800000000 },
    { "b16_400m", "ViT-B-16-quickgelu", 5e-4, 0.98, 0.2, 12800000000 },
    { "l14_400m", "ViT-L-14-quickgelu", 4e-4, 0.98, 0.2, 12800000000 },
    { "b32_fullcc", "ViT-B-32-quickgelu", 5e-4, 0.98, 0.2, 12800000000 },
    { "b16_fullcc", "ViT-B-16-quickgelu", 5e-4, 0.98, 0.2, 12800000000 },
    { "l14_fullcc", "ViT-L-14-quickgelu", 4e-4, 0.98, 0.2, 12800000000 },
    { "h14_fullcc", "ViT-H-14-quickgelu", 4e-4, 0.98, 0.2, 12800000000 },
    { "bigG14_fullcc", "ViT-bigG-14-quickgelu", 4e-4, 0.98, 0.2, 12800000000 },
    { "worldwide_h14", "ViT-H-14-quickgelu-worldwide", 4e-4, 0.95, 0.1, 29000000000 },
};

static mc_train_config *config_of(const char *name)
{
    mc_error err = { 0 };
    mc_train_config *config = NULL;
    assert_ok(mc_train_config_new(name, &config, &err), err);
    return config;
}

static void presets_are_the_published_set_ups(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(published); i++) {
        mci_clip_config clip;
        mc_train_config *c = config_of(published[i].name);
        print_message("  case: %s\n", published[i].name);
        assert_string_equal(c->model, published[i].model);
        assert_true(mci_clip_config_named(c->model, &clip));
        assert_true(c->lr == published[i].lr && c->beta2 == published[i].beta2);
        assert_true(c->weight_decay == published[i].weight_decay);
        assert_int_equal(c->seen_pairs, published[i].seen_pairs);
        assert_true(c->beta1 == 0.9 && c->eps == 1e-6 && c->clip_norm == 0.0);
        assert_true(c->crop_min == 0.9 && c->crop_max == 1.0);
        assert_int_equal(c->batch, 32768);
        assert_int_equal(c->warmup_steps, 2000);
        assert_string_equal(c->precision, "bf16");
        mc_train_config_free(c);
    }
}

/* So the file is what --show prints, and has every field. */
static void each_file_is_its_presets_whole_config(void **state)
{
    (void)state;
    size_t n = 0;
    for (const char *name; (name = mc_train_preset(n)); n++) {
        mc_error err = { 0 };
        char path[200], *text = NULL;
        size_t len;
        mc_train_config *c = config_of(name);
        assert_ok(mc_train_config_json(c, &text, &err), err);
        snprintf(path, sizeof path, "share/configs/%s.json", name);
        char *file = test_read_file(test_path("METACLIP_SOURCE", path), &len);
        assert_true(file && len == strlen(text) && memcmp(file, text, len) == 0);
        free(file);
        assert_string_equal(text, mci_train_preset_text(mc_str_of(name)));
        mc_free(text);
        mc_train_config_free(c);
    }
    assert_int_equal(n, COUNT_OF(published) + 1); /* and tiny */
}

static void the_tiny_model_is_a_sound_one(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_clip_config clip;
    mci_tiny_clip_config(&clip);
    assert_ok(mci_clip_config_check(&clip, &err), err);
    assert_true(clip.quick_gelu);
    assert_int_equal(clip.embed_dim, 128);
}

static const struct {
    const char *name, *text, *says;
} bad[] = {
    { "no object", "[1]", "a config is a JSON object" },
    { "no JSON", "{\"lr\": ", "" },
    { "a field that is none", "{\"speed\": 1}", "there is no field speed" },
    { "a preset that is none", "{\"preset\": \"b99\"}", "there is no preset \"b99\"" },
    { "a preset that is no word", "{\"preset\": 3}", "there is no preset \"\"" },
    { "a word for a number", "{\"lr\": \"fast\"}", "want a number that is not negative" },
    { "a negative number", "{\"beta1\": -0.5}", "want a number that is not negative" },
    { "a fraction for a count", "{\"batch\": 1.5}", "want a whole number" },
    { "a number for a word", "{\"out\": 1}", "want a string" },
    { "a NUL in a word", "{\"out\": \"a\\u0000b\"}", "want a string" },
    { "a word for words", "{\"data\": \"a.tar\"}", "want an array of strings" },
    { "a number among words", "{\"data\": [\"a.tar\", 1]}", "want an array of strings" },
    { "a number for a switch", "{\"recompute\": 1}", "want true or false" },
};

static void what_is_no_config_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        mc_error err = { 0 };
        mc_train_config *c = NULL;
        print_message("  case: %s\n", bad[i].name);
        assert_true(mci_train_config_of_text(mc_str_of(bad[i].text), &c, &err) < 0);
        assert_null(c);
        assert_says(err.text, bad[i].says);
    }
}

/* A value that the field does not have yet, and how JSON shows it. */
static void other_value(const char *json, const char *name, char set[200], char shown[200])
{
    char key[100];
    snprintf(key, sizeof key, "\"%s\": ", name);
    const char *now = strstr(json, key);
    assert_non_null(now);
    now += strlen(key);
    const char *value = *now == '"' || *now == '[' ? "other"
                        : *now == 't'              ? "false"
                        : *now == 'f'              ? "true"
                                                   : "7";
    snprintf(set, 200, "%s=%s", name, value);
    snprintf(shown, 200,
             *now == '['   ? "%s[\"%s\"]"
             : *now == '"' ? "%s\"%s\""
                           : "%s%s",
             key, value);
}

static void every_field_can_be_set(void **state)
{
    (void)state;
    const char *meaning, *name;
    for (size_t i = 0; (name = mc_train_field(i, &meaning)); i++) {
        mc_error err = { 0 };
        char set[200], shown[200], *before = NULL, *after = NULL;
        mc_train_config *c = config_of("worldwide_h14");
        assert_ok(mc_train_config_json(c, &before, &err), err);
        other_value(before, name, set, shown);
        assert_null(strstr(before, shown));
        assert_ok(mc_train_config_set(c, set, &err), err);
        assert_ok(mc_train_config_json(c, &after, &err), err);
        assert_non_null(strstr(after, shown));
        mc_free(before);
        mc_free(after);
        mc_train_config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_are_the_published_set_ups),
        cmocka_unit_test(each_file_is_its_presets_whole_config),
        cmocka_unit_test(the_tiny_model_is_a_sound_one),
        cmocka_unit_test(what_is_no_config_is_told),
        cmocka_unit_test(every_field_can_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
