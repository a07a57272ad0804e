#include "model/checkpoint.h"

#include "io/npy_array.h"
#include "metaclip/checkpoint.h"
#include "scratch.h"
#include "tiny_model.h"

typedef struct {
    char text[16][512];
    size_t n;
} heard;

static void hear(void *user, const char *text)
{
    heard *h = user;
    if (h->n < 16)
        snprintf(h->text[h->n++], sizeof h->text[0], "%s", text);
}

static mc_status open_model(const char *path, const char *config, const char *name, heard *h,
                            mci_checkpoint **out, mc_error *err)
{
    mci_checkpoint_options options = { config, name, h ? hear : NULL, h };
    return mci_checkpoint_open(path, &options, out, err);
}

/* Every tensor of both, compared as f32; those of `a` rounded to `type` first. */
static void assert_same_model(const mci_checkpoint *a, const mci_checkpoint *b, mci_dtype type)
{
    mc_error err = { 0 };
    const mci_clip_config *config = mci_checkpoint_config(a);
    for (size_t i = 0; i < mci_clip_n_tensors(config); i++) {
        mci_clip_tensor t;
        mci_clip_tensor_at(config, i, &t);
        size_t n = (size_t)mci_stored_n_values(t.rank, t.dims);
        float *x = calloc(n, sizeof *x), *y = calloc(n, sizeof *y);
        char *rounded = calloc(n, sizeof *x);
        assert_true(x && y && rounded);
        assert_ok(mci_checkpoint_read(a, t.name, t.rank, t.dims, x, &err), err);
        assert_ok(mci_checkpoint_read(b, t.name, t.rank, t.dims, y, &err), err);
        mci_dtype_convert(MCI_F32, x, type, rounded, n);
        mci_dtype_convert(type, rounded, MCI_F32, x, n);
        if (memcmp(x, y, n * sizeof *x) != 0)
            fail_msg("%s is not the same", t.name);
        const float *mapped = mci_checkpoint_map(b, t.name, t.rank, t.dims);
        assert_true(!mapped || memcmp(mapped, y, n * sizeof *y) == 0);
        free(x);
        free(y);
        free(rounded);
    }
}

/* ---- a model of ours ---- */

static void a_model_is_read_as_it_was_written_and_mapped_in_place(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    heard h = { 0 };
    mci_clip_config config = tiny_config(true);
    tiny_write_pt(&config, 7, scratch_path(s, "m.pt"));
    tiny_write_config(&config, scratch_path(s, "open_clip_config.json"));
    mci_checkpoint *c = NULL;
    assert_ok(open_model(scratch_path(s, "m.pt"), NULL, NULL, &h, &c, &err), err);
    assert_int_equal(h.n, 0);
    assert_memory_equal(mci_checkpoint_config(c), &config, sizeof config);
    assert_string_equal(mci_checkpoint_folder(c), s->dir);
    size_t n;
    float *values = tiny_values(&config, 7, &n), *at = values;
    for (size_t i = 0; i < mci_clip_n_tensors(&config); i++) {
        mci_clip_tensor t;
        size_t rank;
        uint64_t dims[MCI_MAX_RANK];
        mci_dtype type;
        mci_clip_tensor_at(&config, i, &t);
        assert_true(mci_checkpoint_shape(c, t.name, &rank, dims, &type));
        assert_true(rank == t.rank && type == MCI_F32);
        assert_memory_equal(dims, t.dims, rank * sizeof *dims);
        const float *mapped = mci_checkpoint_map(c, t.name, t.rank, t.dims);
        assert_non_null(mapped); /* a .pt of ours is aligned */
        size_t n_values = (size_t)mci_stored_n_values(rank, dims);
        assert_memory_equal(mapped, at, n_values * sizeof *at);
        at += n_values;
    }
    free(values);
    mci_checkpoint_close(c);
}

static void a_missing_or_misshaped_tensor_is_named_with_what_was_expected(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_clip_config config = tiny_config(true), other = config;
    tiny_write_pt(&config, 7, scratch_path(s, "m.pt"));
    mci_checkpoint *c = NULL;
    other.vision.patch_size = 2;
    tiny_write_config(&other, scratch_path(s, "o.json"));
    assert_int_equal(
        open_model(scratch_path(s, "m.pt"), scratch_path(s, "o.json"), NULL, NULL, &c, &err),
        MC_E_SHAPE);
    assert_says(err.text, "visual.positional_embedding: want [17,16], got [5,16]");
    other = config;
    other.text.layers = 2;
    tiny_write_config(&other, scratch_path(s, "o.json"));
    assert_int_equal(
        open_model(scratch_path(s, "m.pt"), scratch_path(s, "o.json"), NULL, NULL, &c, &err),
        MC_E_FORMAT);
    assert_says(err.text, "transformer.resblocks.1.ln_1.weight is missing");
    other = config;
    other.vision.layers = 1;
    tiny_write_config(&other, scratch_path(s, "o.json"));
    assert_int_equal(
        open_model(scratch_path(s, "m.pt"), scratch_path(s, "o.json"), NULL, NULL, &c, &err),
        MC_E_SHAPE);
    assert_says(err.text, "visual.transformer.resblocks.1.attn.in_proj_bias is not in the config");
    assert_null(c);
}

static void asking_in_another_shape_is_refused(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_clip_config config = tiny_config(true);
    float out[4];
    tiny_write_pt(&config, 7, scratch_path(s, "m.pt"));
    tiny_write_config(&config, scratch_path(s, "open_clip_config.json"));
    mci_checkpoint *c = NULL;
    assert_ok(open_model(scratch_path(s, "m.pt"), NULL, NULL, NULL, &c, &err), err);
    const uint64_t dims[] = { 2, 2 };
    assert_int_equal(mci_checkpoint_read(c, "visual.proj", 2, dims, out, &err), MC_E_SHAPE);
    assert_says(err.text, "visual.proj: want [2,2], got [16,12]");
    assert_int_equal(mci_checkpoint_read(c, "visual.head", 2, dims, out, &err), MC_E_FORMAT);
    assert_says(err.text, "visual.head is missing");
    assert_null(mci_checkpoint_map(c, "visual.proj", 2, dims));
    mci_checkpoint_close(c);
}

/* ---- without a config ---- */

static void shapes_tell_all_but_heads_and_activation(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    heard h = { 0 };
    mci_clip_config config = tiny_config(false);
    mci_checkpoint *c = NULL;
    tiny_write_pt(&config, 7, scratch_path(s, "m.pt"));
    assert_int_equal(open_model(scratch_path(s, "m.pt"), NULL, NULL, &h, &c, &err), MC_E_FORMAT);
    assert_says(err.text, "shapes do not tell the number of heads of towers 16 and 8 wide");
    config.vision.width = 128;
    config.vision.heads = 2;
    config.vision.mlp_width = 12;
    config.text.width = 64;
    config.text.heads = 1;
    config.vision.image_size = config.vision.resize_size = 12;
    tiny_write_pt(&config, 7, scratch_path(s, "m.pt"));
    assert_ok(open_model(scratch_path(s, "m.pt"), NULL, NULL, &h, &c, &err), err);
    config.quick_gelu = true; /* what is taken */
    assert_memory_equal(mci_checkpoint_config(c), &config, sizeof config);
    assert_int_equal(h.n, 2);
    assert_says(h.text[0], "nothing says which activation the model has; QuickGELU is taken");
    assert_says(h.text[1], "64 channels a head are taken, which makes 2 and 1");
    mci_checkpoint_close(c);
}

static void a_name_of_the_other_activation_warns_aloud_and_holds(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    heard h = { 0 };
    mci_checkpoint *c = NULL;
    mci_clip_config small = tiny_config(false);
    tiny_write_pt(&small, 7, scratch_path(s, "m.pt"));
    tiny_write_config(&small, scratch_path(s, "open_clip_config.json"));
    /* The weights are not that model's, so it fails then; but the warning comes first. */
    assert_int_equal(open_model(scratch_path(s, "m.pt"), NULL, "ViT-B-32-quickgelu", &h, &c, &err),
                     MC_E_SHAPE);
    assert_says(err.text, "positional_embedding: want [77,512], got [6,8]");
    assert_int_equal(h.n, 1);
    assert_says(h.text[0],
                "says that the activation is GELU, but ViT-B-32-quickgelu has QuickGELU");
    assert_int_equal(open_model(scratch_path(s, "m.pt"), NULL, "ViT-B-33", NULL, &c, &err),
                     MC_E_ARG);
    assert_says(err.text, "there is no model called ViT-B-33");
}

static void what_lies_beside_the_weights_and_is_no_config_is_passed_over(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    heard h = { 0 };
    mci_checkpoint *c = NULL;
    mci_clip_config config = tiny_config(true);
    tiny_write_pt(&config, 7, scratch_path(s, "m.pt"));
    scratch_text(s, "config.json", "{\"port\": 80}");
    assert_int_equal(open_model(scratch_path(s, "m.pt"), NULL, NULL, &h, &c, &err), MC_E_FORMAT);
    assert_says(h.text[0], "config.json is no config of a CLIP model and is passed over");
    scratch_text(s, "config.json", "{\"model_type\": \"siglip\"}");
    assert_int_equal(open_model(scratch_path(s, "m.pt"), NULL, NULL, &h, &c, &err), MC_E_FORMAT);
    assert_says(err.text, "config.json: model_type: siglip; clip and metaclip_2 are taken");
}

static void folders_and_files_that_are_no_model_are_told_apart(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_checkpoint *c = NULL;
    assert_int_equal(open_model(s->dir, NULL, NULL, NULL, &c, &err), MC_E_FORMAT);
    assert_says(err.text, "a folder without weights");
    assert_false(mc_model_is(s->dir));
    const char *text = scratch_text(s, "a.pt", "version https://git-lfs.github.com/spec/v1\n");
    assert_int_equal(open_model(text, NULL, NULL, NULL, &c, &err), MC_E_FORMAT);
    assert_says(err.text, "a pointer of Git LFS");
    assert_false(mc_model_is(text));
    assert_int_equal(open_model(scratch_path(s, "none"), NULL, NULL, NULL, &c, &err), MC_E_IO);
    const char *pairs = scratch_text(s, "p.jsonl", "{\"uuid\":\"a\",\"url\":\"b\",\"texts\":[]}\n");
    assert_false(mc_model_is(pairs));
    assert_int_equal(open_model(scratch_text(s, "e.pt", ""), NULL, NULL, NULL, &c, &err),
                     MC_E_FORMAT);
}

/* ---- the oracle ---- */

static void all_forms_of_the_oracles_models_hold_the_same_weights(void **state)
{
    (void)state;
    static const struct {
        const char *first, *other, *config;
        mci_dtype type;
    } cases[] = {
        { "tiny-quickgelu/checkpoint.pt", "tiny-quickgelu/hf", "tiny-quickgelu", MCI_F32 },
        { "tiny-gelu/checkpoint_bare.pt", "tiny-gelu/checkpoint_legacy_f16.pt", "tiny-gelu",
          MCI_F16 },
        { "tiny-gelu/checkpoint_bare.pt", "tiny-gelu/hf_bf16", "tiny-gelu", MCI_BF16 },
    };
    const char *found = test_path("METACLIP_SHARED", "oracle/models/tiny-gelu/hf_bf16");
    if (!found || access(found, R_OK) != 0)
        skip();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        heard h = { 0 };
        mci_checkpoint *a = NULL, *b = NULL;
        char first[600], other[600], config[600];
        const char *shared = getenv("METACLIP_SHARED");
        snprintf(first, sizeof first, "%s/oracle/models/%s", shared, cases[i].first);
        snprintf(other, sizeof other, "%s/oracle/models/%s", shared, cases[i].other);
        snprintf(config, sizeof config, "%s/oracle/models/%s/config_open_clip.json", shared,
                 cases[i].config);
        print_message("  case: %s\n", cases[i].other);
        bool is_folder = !strstr(cases[i].other, ".pt");
        assert_ok(open_model(first, config, NULL, &h, &a, &err), err);
        assert_ok(open_model(other, is_folder ? NULL : config, NULL, &h, &b, &err), err);
        assert_int_equal(h.n, 0);
        assert_same_model(a, b, cases[i].type);
        mci_clip_config x = *mci_checkpoint_config(a), y = *mci_checkpoint_config(b);
        assert_int_equal(x.quick_gelu, y.quick_gelu);
        assert_true(x.vision.heads == y.vision.heads && x.text.heads == y.text.heads);
        mci_checkpoint_close(a);
        mci_checkpoint_close(b);
    }
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_model_is_read_as_it_was_written_and_mapped_in_place),
        IN_FOLDER(a_missing_or_misshaped_tensor_is_named_with_what_was_expected),
        IN_FOLDER(asking_in_another_shape_is_refused),
        IN_FOLDER(shapes_tell_all_but_heads_and_activation),
        IN_FOLDER(a_name_of_the_other_activation_warns_aloud_and_holds),
        IN_FOLDER(what_lies_beside_the_weights_and_is_no_config_is_passed_over),
        IN_FOLDER(folders_and_files_that_are_no_model_are_told_apart),
        cmocka_unit_test(all_forms_of_the_oracles_models_hold_the_same_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
