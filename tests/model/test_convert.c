#include "metaclip/checkpoint.h"

#include <math.h>

#include "scratch.h"
#include "tiny_model.h"

static mc_status convert(const char *in, const char *out, mc_weights weights, uint64_t shard_bytes,
                         mc_convert_stats *stats, mc_error *err)
{
    mc_convert_job job = {
        .in_path = in, .out_path = out, .weights = weights, .shard_bytes = shard_bytes
    };
    *stats = (mc_convert_stats){ 0 };
    *err = (mc_error){ 0 };
    return mc_convert_run(&job, stats, err);
}

static void assert_same_file(const char *a, const char *b)
{
    size_t n, m;
    char *x = test_read_file(a, &n), *y = test_read_file(b, &m);
    assert_true(x && y && n == m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

/* A folder in the scratch folder, emptied and removed again. */
static void remove_folder(const char *path)
{
    mci_remove_folder(path, 0);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Paths of one test. */
typedef struct {
    char m[600], hf[600], back[600], file[600], config[600];
} paths;

static paths make_paths(scratch *s)
{
    paths p;
    snprintf(p.m, sizeof p.m, "%s/m.pt", s->dir);
    snprintf(p.hf, sizeof p.hf, "%s/hf", s->dir);
    snprintf(p.back, sizeof p.back, "%s/back.pt", s->dir);
    snprintf(p.config, sizeof p.config, "%s/open_clip_config.json", s->dir);
    return p;
}

static void write_model(const paths *p, bool quick_gelu)
{
    mci_clip_config config = tiny_config(quick_gelu);
    tiny_write_pt(&config, 3, p->m);
    tiny_write_config(&config, p->config);
}

static void there_and_back_gives_the_same_bytes(void **state)
{
    static const mc_weights types[] = { MC_WEIGHTS_AS_THEY_ARE, MC_WEIGHTS_F32 };
    paths p = make_paths(*state);
    mc_error err;
    mc_convert_stats stats;
    for (size_t i = 0; i < 4; i++) {
        uint64_t shard_bytes = i / 2 ? 5000 : 0;
        write_model(&p, i % 2);
        assert_ok(convert(p.m, p.hf, types[i % 2], shard_bytes, &stats, &err), err);
        assert_true(stats.n_infinite == 0 && stats.quick_gelu == (bool)(i % 2));
        assert_true(shard_bytes ? stats.n_files > 5 : stats.n_files == 3);
        assert_ok(convert(p.hf, p.back, MC_WEIGHTS_AS_THEY_ARE, 0, &stats, &err), err);
        assert_int_equal(stats.n_files, 1); /* the config beside it says the same */
        assert_same_file(p.m, p.back);
        unlink(p.back);
        remove_folder(p.hf);
    }
}

static void halves_are_rounded_and_what_is_too_large_is_counted(void **state)
{
    paths p = make_paths(*state);
    mc_error err = { 0 };
    mc_convert_stats stats;
    mci_clip_config config = tiny_config(true);
    mci_convert_plan plan = { 0 };
    mci_output *output = NULL;
    size_t n;
    float *values = tiny_values(&config, 3, &n);
    values[5] = 65519.0f; /* the largest that is rounded down */
    values[6] = -65520.0f;
    values[7] = 1e30f;
    values[8] = INFINITY;
    tiny_plan(&config, values, &plan);
    assert_ok(mci_output_open(p.m, MCI_PLAIN, &output, &err), err);
    assert_ok(mci_output_end(output, mci_pt_write(&plan, output, &err), &err), err);
    mci_convert_plan_release(&plan);
    tiny_write_config(&config, p.config);
    assert_ok(convert(p.m, p.hf, MC_WEIGHTS_F16, 0, &stats, &err), err);
    assert_int_equal(stats.n_infinite, 2);
    assert_int_equal(stats.n_bytes, 2 * n);
    remove_folder(p.hf);
    assert_ok(convert(p.m, p.hf, MC_WEIGHTS_BF16, 0, &stats, &err), err);
    assert_int_equal(stats.n_infinite, 0);
    mci_checkpoint *c = NULL;
    assert_ok(mci_checkpoint_open(p.hf, NULL, &c, &err), err);
    const uint64_t dims[] = { 6, 8 };
    float got[48];
    assert_ok(mci_checkpoint_read(c, "positional_embedding", 2, dims, got, &err), err);
    for (size_t i = 0; i < 48; i++)
        assert_true(got[i] == mci_f32_of_bf16(mci_bf16_of(values[i])));
    mci_checkpoint_close(c);
    remove_folder(p.hf);
    free(values);
}

static void a_tokenizer_goes_along(void **state)
{
    paths p = make_paths(*state);
    mc_error err;
    mc_convert_stats stats;
    char copy[700];
    write_model(&p, true);
    const char *vocab = scratch_text(*state, "vocab.json", "{\"a\": 0}");
    assert_ok(convert(p.m, p.hf, MC_WEIGHTS_AS_THEY_ARE, 0, &stats, &err), err);
    assert_int_equal(stats.n_files, 4);
    snprintf(copy, sizeof copy, "%s/vocab.json", p.hf);
    assert_same_file(vocab, copy);
    remove_folder(p.hf);
}

static void nothing_is_replaced_unasked(void **state)
{
    paths p = make_paths(*state);
    mc_error err;
    mc_convert_stats stats;
    write_model(&p, true);
    assert_ok(convert(p.m, p.hf, MC_WEIGHTS_AS_THEY_ARE, 0, &stats, &err), err);
    assert_int_equal(convert(p.m, p.hf, MC_WEIGHTS_F16, 0, &stats, &err), MC_E_ARG);
    assert_says(err.text, "there is a model already");
    assert_int_equal(convert(p.hf, p.m, MC_WEIGHTS_F16, 0, &stats, &err), MC_E_ARG);
    assert_says(err.text, "is there already");
    assert_int_equal(convert(p.hf, p.hf, MC_WEIGHTS_F16, 0, &stats, &err), MC_E_ARG);
    assert_says(err.text, "the output would replace the input");
    scratch_text(*state, "open_clip_config.json", "{\"another\": \"model's\"}");
    assert_int_equal(convert(p.hf, p.back, MC_WEIGHTS_F16, 0, &stats, &err), MC_E_ARG);
    assert_says(err.text, "it belongs to another model");
    assert_int_not_equal(access(p.back, F_OK), 0);
    mc_convert_job job = { .in_path = p.hf, .out_path = p.back, .replace = true };
    assert_ok(mc_convert_run(&job, &stats, &err), err);
    assert_same_file(p.m, p.back);
    remove_folder(p.hf);
}

static void every_prefix_of_a_model_is_refused(void **state)
{
    paths p = make_paths(*state);
    write_model(&p, true);
    size_t len;
    char *bytes = test_read_file(p.m, &len);
    assert_non_null(bytes);
    for (size_t n = 0; n < len; n += n < 2000 || n + 4000 > len ? 1 : 61) {
        mc_error err = { 0 };
        mci_tensor_store store = { 0 };
        assert_true(mci_tensor_store_add_bytes(&store, (mc_str){ bytes, n }, &err) < 0);
        assert_true(err.text[0]);
        mci_tensor_store_release(&store);
    }
    free(bytes);
}

/* An index may not lead out of its folder, and must not name what is not there. */
static void an_index_of_files_is_checked(void **state)
{
    static const char *const cases[][2] = {
        { "{}", "has no weight_map" },
        { "{\"weight_map\":{\"a\":\"../m.pt\"}}", "is no name of a file in this folder" },
        { "{\"weight_map\":{\"a\":7}}", "is no name of a file in this folder" },
        { "{\"weight_map\":{\"a\":\"none.safetensors\"}}", "none.safetensors: cannot open it" },
        { "{\"weight_map\":{}}", "not a CLIP model" },
        { "[", "JSON" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mci_checkpoint *c = NULL;
        const char *path = scratch_text(*state, "model.safetensors.index.json", cases[i][0]);
        assert_true(mci_checkpoint_open(path, NULL, &c, &err) < 0);
        assert_says(err.text, cases[i][1]);
        assert_null(c);
    }
}

static const char *fact(const mc_info *info, const char *name)
{
    for (size_t i = 0; i < info->n_facts; i++)
        if (strcmp(info->facts[i].name, name) == 0)
            return info->facts[i].value;
    fail_msg("no fact is called %s", name);
    return NULL;
}

static void info_tells_the_facts(void **state)
{
    paths p = make_paths(*state);
    mc_error err = { 0 };
    mc_info info;
    write_model(&p, true);
    assert_true(mc_model_is(p.m));
    assert_ok(mc_model_info(p.m, NULL, &info, &err), err);
    assert_string_equal(info.kind, "CLIP model");
    assert_string_equal(fact(&info, "form"), "OpenCLIP's names; PyTorch, zip");
    assert_string_equal(fact(&info, "activation"), "QuickGELU");
    assert_string_equal(fact(&info, "image tower"),
                        "width 16, 2 layers, 4 heads, MLP 64, patches of 4");
    assert_string_equal(fact(&info, "tensors"), "f32 (50)");
    assert_string_equal(fact(&info, "tokenizer"), "none beside it");
    unlink(p.config);
    mc_model_options options = { .model_name = "ViT-B-32" };
    assert_int_equal(mc_model_info(p.m, &options, &info, &err), MC_E_SHAPE);
    assert_string_equal(mc_model_name(0), "ViT-B-32");
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(there_and_back_gives_the_same_bytes),
        IN_FOLDER(halves_are_rounded_and_what_is_too_large_is_counted),
        IN_FOLDER(a_tokenizer_goes_along),
        IN_FOLDER(nothing_is_replaced_unasked),
        IN_FOLDER(every_prefix_of_a_model_is_refused),
        IN_FOLDER(an_index_of_files_is_checked),
        IN_FOLDER(info_tells_the_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
