#include "model/clip_config.h"

#include "io/whole.h"
#include "test.h"

typedef struct {
    char text[2000];
} heard;

static void hear(void *user, const char *text)
{
    heard *h = user;
    size_t n = strlen(h->text);
    snprintf(h->text + n, sizeof h->text - n, "%s\n", text);
}

static mc_status read_json(const char *text, heard *h, mci_clip_config *out, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mci_config_hooks hooks = { h ? hear : NULL, h };
    mc_status status = mci_parse_whole(mc_str_of(text), &json, &root, err);
    if (status >= 0)
        status = mci_clip_config_read(root, &hooks, out, err);
    mci_json_free(json);
    return status;
}

/* ---- sizes ---- */

/* What is left out has the defaults of each side. */
static const struct {
    const char *name, *json, *same_as; /* a built-in name */
} sizes[] = {
    { "Hugging Face's empty one", "{\"model_type\":\"clip\"}", "ViT-B-32-quickgelu" },
    { "Meta's ViT-L-14",
      "{\"model_type\":\"clip\",\"projection_dim\":768,\"text_config\":{\"hidden_size\":768,"
      "\"intermediate_size\":3072,\"num_attention_heads\":12},\"vision_config\":{\"hidden_size\":"
      "1024,"
      "\"intermediate_size\":4096,\"num_attention_heads\":16,\"num_hidden_layers\":24,"
      "\"patch_size\":14}}",
      "ViT-L-14-quickgelu" },
    { "in the older members",
      "{\"projection_dim\":512,\"text_config\":{\"hidden_size\":99},\"text_config_dict\":{},"
      "\"vision_config_dict\":{\"patch_size\":16},\"vision_config\":null}",
      "ViT-B-16-quickgelu" },
    { "OpenCLIP's ViT-B-16",
      "{\"embed_dim\":512,\"vision_cfg\":{\"patch_dropout\":0.5},\"text_cfg\":{}}", "ViT-B-16" },
    { "with two sides",
      "{\"embed_dim\":768,\"quick_gelu\":true,\"vision_cfg\":{\"image_size\":[336,336],\"layers\":"
      "24,"
      "\"width\":1024,\"patch_size\":14},\"text_cfg\":{\"width\":768,\"heads\":12}}",
      "ViT-L-14-336-quickgelu" },
    { "the ratio of bigG",
      "{\"model_cfg\":{\"embed_dim\":1280,\"vision_cfg\":{\"image_size\":224,\"layers\":48,"
      "\"width\":1664,\"head_width\":104,\"mlp_ratio\":4.9231,\"patch_size\":14},\"text_cfg\":{"
      "\"context_length\":77,\"vocab_size\":49408,\"width\":1280,\"heads\":20,\"layers\":32}}}",
      "ViT-bigG-14" },
    { "Meta's worldwide ViT-H-14",
      "{\"embed_dim\":1024,\"quick_gelu\":true,\"vision_cfg\":{\"layers\":32,\"width\":1280,"
      "\"head_width\":80,\"patch_size\":14},\"text_cfg\":{\"vocab_size\":901629,\"width\":1024,"
      "\"heads\":16,\"layers\":24}}",
      "ViT-H-14-quickgelu-worldwide" },
    { "the same from OpenCLIP",
      "{\"embed_dim\":1024,\"quick_gelu\":true,\"vision_cfg\":{\"layers\":32,\"width\":1280,"
      "\"head_width\":80,\"patch_size\":14},\"text_cfg\":{\"hf_tokenizer_name\":"
      "\"facebook/xlm-v-base\",\"pool_type\":\"eos\",\"eos_id\":2,\"vocab_size\":901629,"
      "\"width\":1024,\"heads\":16,\"layers\":24}}",
      "ViT-H-14-worldwide-quickgelu" },
    { "the same from Hugging Face",
      "{\"model_type\":\"metaclip_2\",\"projection_dim\":1024,\"text_config\":{\"eos_token_id\":2,"
      "\"hidden_size\":1024,\"intermediate_size\":4096,\"num_attention_heads\":16,"
      "\"num_hidden_layers\":24,\"vocab_size\":901629},\"vision_config\":{\"hidden_size\":1280,"
      "\"intermediate_size\":5120,\"num_attention_heads\":16,\"num_hidden_layers\":32,"
      "\"patch_size\":14}}",
      "ViT-H-14-worldwide-quickgelu" },
    { "mT5's vocabulary by its size",
      "{\"embed_dim\":512,\"vision_cfg\":{\"patch_size\":32},\"text_cfg\":{\"vocab_size\":250000}}",
      "ViT-B-32-mT5-worldwide" },
};

static void configs_are_read_with_their_defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        mc_error err = { 0 };
        heard h = { 0 };
        mci_clip_config got, want;
        print_message("  case: %s\n", sizes[i].name);
        assert_true(mci_clip_config_named(sizes[i].same_as, &want));
        assert_ok(read_json(sizes[i].json, &h, &got, &err), err);
        assert_string_equal(h.text, "");
        if (got.text.pool == MCI_POOL_END && got.text.end_id == 49407)
            got.text.pool = MCI_POOL_LARGEST; /* the same, in other words */
        assert_memory_equal(&got, &want, sizeof got);
    }
}

static void names_have_both_activations_and_both_spellings(void **state)
{
    (void)state;
    mci_clip_config plain, quick;
    for (size_t i = 0; mci_clip_config_name(i); i++) {
        char name[80];
        mc_error err = { 0 };
        assert_true(mci_clip_config_named(mci_clip_config_name(i), &plain));
        assert_ok(mci_clip_config_check(&plain, &err), err);
        snprintf(name, sizeof name, "%s-quickgelu", mci_clip_config_name(i));
        assert_true(mci_clip_config_named(name, &quick));
        assert_true(quick.quick_gelu && !plain.quick_gelu);
        quick.quick_gelu = false;
        assert_memory_equal(&plain, &quick, sizeof plain);
    }
    assert_false(mci_clip_config_named("ViT-B-32-quickgelux", &plain));
    assert_false(mci_clip_config_named("", &plain));
    assert_false(mci_clip_config_named("vit-b-32", &plain));
}

/* ---- pooling ---- */

#define HF(type, text) "{\"model_type\":\"" type "\",\"text_config\":{" text "}}"
#define OC(text)       "{\"embed_dim\":8,\"vision_cfg\":{},\"text_cfg\":{" text "}}"

static const struct {
    const char *name, *json;
    mci_text_pool pool;
    int32_t start, end, pad;
    mci_vocab vocab;
} pools[] = {
    { "CLIP", HF("clip", ""), MCI_POOL_END, 49406, 49407, 0, MCI_VOCAB_CLIP },
    { "CLIP's old mistake", HF("clip", "\"bos_token_id\":0,\"eos_token_id\":2"), MCI_POOL_LARGEST,
      49406, 49407, 0, MCI_VOCAB_CLIP },
    { "in a list", HF("clip", "\"eos_token_id\":[7]"), MCI_POOL_END, 49406, 7, 0, MCI_VOCAB_CLIP },
    { "worldwide, end 2", HF("metaclip_2", "\"eos_token_id\":2,\"vocab_size\":1024"), MCI_POOL_END,
      0, 2, 1, MCI_VOCAB_XLMV },
    { "worldwide, end 1", HF("metaclip_2", "\"eos_token_id\":1"), MCI_POOL_END, -1, 1, 0,
      MCI_VOCAB_MT5 },
    { "OpenCLIP", OC(""), MCI_POOL_LARGEST, 49406, 49407, 0, MCI_VOCAB_CLIP },
    { "Meta's mT5", OC("\"vocab_size\":250100"), MCI_POOL_COUNT, -1, 1, 0, MCI_VOCAB_MT5 },
    { "OpenCLIP's mT5",
      OC("\"vocab_size\":250100,\"pool_type\":\"eos\",\"eos_id\":1,\"tokenizer_kwargs\":{\"a\":1}"),
      MCI_POOL_END, -1, 1, 0, MCI_VOCAB_MT5 },
    { "by the tokenizer's name", OC("\"vocab_size\":600,\"hf_tokenizer_name\":\"google/mT5-base\""),
      MCI_POOL_COUNT, -1, 1, 0, MCI_VOCAB_MT5 },
    { "argmax of XLM-V", OC("\"vocab_size\":901629,\"pool_type\":\"argmax\""), MCI_POOL_LARGEST, 0,
      2, 1, MCI_VOCAB_XLMV },
};

static void text_pooling_is_what_the_file_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pools); i++) {
        mc_error err = { 0 };
        mci_clip_config c;
        print_message("  case: %s\n", pools[i].name);
        assert_ok(read_json(pools[i].json, NULL, &c, &err), err);
        assert_int_equal(c.text.pool, pools[i].pool);
        assert_int_equal(c.text.start_id, pools[i].start);
        assert_int_equal(c.text.end_id, pools[i].end);
        assert_int_equal(c.text.pad_id, pools[i].pad);
        assert_int_equal(c.text.vocab, pools[i].vocab);
    }
}

/* ---- refusals ---- */

#define V(vision) "{\"embed_dim\":8,\"vision_cfg\":{" vision "},\"text_cfg\":{}}"

static const struct {
    const char *name, *json, *says;
} refused[] = {
    { "nothing", "{}", "neither OpenCLIP's config" },
    { "a list", "[]", "neither OpenCLIP's config" },
    { "a ResNet", V("\"layers\":[3,4,6,3]"), "vision_cfg.layers: a ResNet" },
    { "timm", V("\"timm_model_name\":\"vit\""),
      "vision_cfg.timm_model_name: an image tower from timm" },
    { "attentional pooling", V("\"attentional_pool\":true"), "pools by attention" },
    { "mean pooling", V("\"pool_type\":\"avg\""), "does not pool at the class token" },
    { "no first norm", V("\"no_ln_pre\":true"), "has no first layer norm" },
    { "LayerScale", V("\"ls_init_value\":0.1"), "scales its layers" },
    { "a text tower of others", OC("\"hf_model_name\":\"roberta\""),
      "a text tower from Hugging Face" },
    { "no causal mask", OC("\"no_causal_mask\":true"), "without a causal mask" },
    { "pooling at the last", OC("\"pool_type\":\"last\""), "text_cfg.pool_type: last" },
    { "CoCa", "{\"embed_dim\":8,\"multimodal_cfg\":{\"a\":1},\"vision_cfg\":{},\"text_cfg\":{}}",
      "CoCa" },
    { "SigLIP", "{\"init_logit_bias\":-10,\"vision_cfg\":{},\"text_cfg\":{}}", "SigLIP" },
    { "SigLIP of Hugging Face", HF("siglip", ""),
      "model_type: siglip; clip and metaclip_2 are taken" },
    { "one tower", "{\"embed_dim\":8,\"vision_cfg\":{}}", "text_cfg: is missing" },
    { "no embedding", "{\"vision_cfg\":{},\"text_cfg\":{}}", "embed_dim is 0" },
    { "a text for a number", V("\"width\":\"wide\""), "vision_cfg.width: want a whole number" },
    { "half a layer", V("\"layers\":1.5"), "vision_cfg.layers: want a whole number" },
    { "an oblong", V("\"image_size\":[224,320]"), "want a square" },
    { "heads that do not fit", V("\"head_width\":100"), "100 does not divide the width of 768" },
    { "patches larger than the image", V("\"patch_size\":500"), "the patch size is 500; 1 to 224" },
    { "no patch", V("\"patch_size\":0"), "the patch size is 0" },
    { "very wide", V("\"width\":4294967232"), "too large for a width" },
    { "another activation", "{\"vision_config\":{\"hidden_act\":\"relu\"}}",
      "relu; gelu and quick_gelu" },
    { "two activations", "{\"model_type\":\"clip\",\"text_config\":{\"hidden_act\":\"gelu\"}}",
      "another one than the vision tower's" },
    { "four channels", "{\"vision_config\":{\"num_channels\":4}}", "images have 3" },
    { "an end beyond the vocabulary", HF("clip", "\"vocab_size\":600"),
      "outside the vocabulary of 600" },
    { "towers that are no objects", "{\"vision_cfg\":3,\"text_cfg\":{}}",
      "vision_cfg: want an object" },
    { "a resizing of others",
      "{\"model_cfg\":{\"embed_dim\":8,\"vision_cfg\":{},\"text_cfg\":{}},"
      "\"preprocess_cfg\":{\"resize_mode\":\"stretch\"}}",
      "preprocess_cfg.resize_mode: stretch is not known here" },
};

static void other_models_are_refused_with_what_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        mc_error err = { 0 };
        mci_clip_config c;
        print_message("  case: %s\n", refused[i].name);
        assert_int_equal(read_json(refused[i].json, NULL, &c, &err), MC_E_FORMAT);
        assert_says(err.text, refused[i].says);
    }
}

static void members_that_nobody_knows_are_told(void **state)
{
    (void)state;
    mc_error err = { 0 };
    heard h = { 0 };
    mci_clip_config c;
    assert_ok(read_json(V("\"new_trick\":true,\"old_trick\":null"), &h, &c, &err), err);
    assert_string_equal(h.text, "vision_cfg.new_trick is not known here and is passed over\n");
}

/* ---- preprocessing ---- */

static const struct {
    const char *name, *json;
    mci_resize_mode mode;
    mci_resample resample;
    uint32_t resize;
    float mean, std; /* of red */
    const char *warns;
} preprocessing[] = {
    { "nothing said", "{}", MCI_RESIZE_SHORTEST, MCI_RESAMPLE_BICUBIC, 224, 0.48145466f,
      0.26862954f, "" },
    { "numbers", "{\"size\":224,\"crop_size\":224,\"resample\":3,\"image_mean\":[0.5,0,0]}",
      MCI_RESIZE_SHORTEST, MCI_RESAMPLE_BICUBIC, 224, 0.5f, 0.26862954f, "" },
    { "objects",
      "{\"size\":{\"shortest_edge\":256},\"crop_size\":{\"height\":224,\"width\":224},\"resample\":"
      "2}",
      MCI_RESIZE_SHORTEST, MCI_RESAMPLE_BILINEAR, 256, 0.48145466f, 0.26862954f, "" },
    { "squashed", "{\"size\":{\"height\":224,\"width\":224},\"do_center_crop\":false}",
      MCI_RESIZE_SQUASH, MCI_RESAMPLE_BICUBIC, 224, 0.48145466f, 0.26862954f, "" },
    { "no normalising", "{\"do_normalize\":false}", MCI_RESIZE_SHORTEST, MCI_RESAMPLE_BICUBIC, 224,
      0, 1, "" },
    { "no scaling", "{\"do_rescale\":false,\"image_mean\":[127.5,0,0],\"image_std\":[51,1,1]}",
      MCI_RESIZE_SHORTEST, MCI_RESAMPLE_BICUBIC, 224, 0.5f, 0.2f, "" },
    { "another size", "{\"size\":336,\"crop_size\":336}", MCI_RESIZE_SHORTEST, MCI_RESAMPLE_BICUBIC,
      224, 0.48145466f, 0.26862954f, "images of 336, the model takes 224" },
    { "no crop", "{\"size\":{\"shortest_edge\":224},\"do_center_crop\":false}", MCI_RESIZE_SHORTEST,
      MCI_RESAMPLE_BICUBIC, 224, 0.48145466f, 0.26862954f, "the centre is cut out" },
};

static mc_status read_preprocess(const char *text, heard *h, mci_clip_config *c, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mci_config_hooks hooks = { hear, h };
    mc_status status = mci_parse_whole(mc_str_of(text), &json, &root, err);
    if (status >= 0)
        status = mci_clip_preprocess_read(root, &hooks, c, err);
    mci_json_free(json);
    return status;
}

static void preprocessing_is_read_in_all_its_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(preprocessing); i++) {
        mc_error err = { 0 };
        heard h = { 0 };
        mci_clip_config c;
        print_message("  case: %s\n", preprocessing[i].name);
        assert_true(mci_clip_config_named("ViT-B-32", &c));
        assert_ok(read_preprocess(preprocessing[i].json, &h, &c, &err), err);
        assert_int_equal(c.vision.resize_mode, preprocessing[i].mode);
        assert_int_equal(c.vision.resample, preprocessing[i].resample);
        assert_int_equal(c.vision.resize_size, preprocessing[i].resize);
        assert_float_equal(c.vision.mean[0], preprocessing[i].mean, 1e-7);
        assert_float_equal(c.vision.std[0], preprocessing[i].std, 1e-7);
        assert_says(h.text, preprocessing[i].warns);
    }
}

static void preprocessing_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        { "{\"resample\":9}", "resample: 9" },
        { "{\"size\":200,\"crop_size\":224}", "less than what is cut out" },
        { "{\"size\":{\"height\":224,\"width\":200}}", "equal height and width" },
        { "{\"image_std\":[0,0,0]}", "std of pixels" },
        { "{\"image_mean\":[0,0]}", "want three numbers" },
        { "{\"rescale_factor\":0}", "want a number above 0" },
        { "[]", "want an object" },
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        mc_error err = { 0 };
        heard h = { 0 };
        mci_clip_config c, before;
        assert_true(mci_clip_config_named("ViT-B-32", &c));
        before = c;
        assert_int_equal(read_preprocess(wrong[i][0], &h, &c, &err), MC_E_FORMAT);
        assert_says(err.text, wrong[i][1]);
        assert_memory_equal(&c, &before, sizeof c);
    }
}

/* ---- writing ---- */

/* A config that is written and read again, in each form. */
static void check_written(const mci_clip_config *config)
{
    mc_error err = { 0 };
    mci_buf text = { 0 };
    mci_clip_config c;
    heard h = { 0 };
    mci_clip_config want = *config;
    if (want.text.pool == MCI_POOL_COUNT)
        want.text.pool = MCI_POOL_END; /* as both forms say it */
    assert_ok(mci_open_clip_write(config, &text, &err), err);
    assert_ok(mci_buf_terminate(&text, &err), err);
    assert_ok(read_json(text.data, &h, &c, &err), err);
    assert_memory_equal(&c, &want, sizeof c);
    mci_buf_clear(&text);
    assert_ok(mci_hugging_face_write(config, "float32", &text, &err), err);
    assert_ok(mci_buf_terminate(&text, &err), err);
    assert_ok(read_json(text.data, &h, &c, &err), err);
    mci_buf_clear(&text);
    assert_ok(mci_clip_preprocess_write(config, &text, &err), err);
    assert_ok(mci_buf_terminate(&text, &err), err);
    assert_ok(read_preprocess(text.data, &h, &c, &err), err);
    if (want.text.pool == MCI_POOL_LARGEST)
        want.text.pool = MCI_POOL_END;
    assert_memory_equal(&c, &want, sizeof c);
    assert_string_equal(h.text, "");
    mci_buf_release(&text);
}

static void what_is_written_is_read_as_the_same(void **state)
{
    (void)state;
    mci_clip_config c;
    for (size_t i = 0; mci_clip_config_name(i); i++) {
        assert_true(mci_clip_config_named(mci_clip_config_name(i), &c));
        c.quick_gelu = i % 2 == 0;
        check_written(&c);
    }
    test_random random = { 5 };
    for (int i = 0; i < 200; i++) { /* odd sizes: the ratio of the MLP must come out right */
        assert_true(mci_clip_config_named("ViT-B-32", &c));
        c.vision.heads = 1 + (uint32_t)test_below(&random, 7);
        c.vision.width = c.vision.heads * (1 + (uint32_t)test_below(&random, 300));
        c.vision.mlp_width = 1 + (uint32_t)test_below(&random, 9000);
        c.text.mlp_width = 1 + (uint32_t)test_below(&random, 9000);
        c.layer_norm_eps = i % 2 ? 1e-6f : 1e-5f;
        c.vision.resize_mode = i % 3 ? MCI_RESIZE_SHORTEST : MCI_RESIZE_SQUASH;
        c.vision.mean[1] = (float)test_below(&random, 1000003) / 1000003.0f;
        c.vision.std[2] = 1e-3f + (float)test_below(&random, 1000003) * 1e-9f;
        check_written(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs_are_read_with_their_defaults),
        cmocka_unit_test(names_have_both_activations_and_both_spellings),
        cmocka_unit_test(text_pooling_is_what_the_file_means),
        cmocka_unit_test(other_models_are_refused_with_what_they_are),
        cmocka_unit_test(members_that_nobody_knows_are_told),
        cmocka_unit_test(preprocessing_is_read_in_all_its_spellings),
        cmocka_unit_test(preprocessing_that_cannot_be_is_refused),
        cmocka_unit_test(what_is_written_is_read_as_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
