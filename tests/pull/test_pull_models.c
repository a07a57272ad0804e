/* Pulling what is no single file: models of the table, and repositories; from a server that stands
 * in for all hosts. */
#include "scratch.h"

#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"
#include "metaclip/metaclip.h"
#include "pull/http_server.h"

typedef struct {
    char dir[64], base[64], path[1024];
    char warnings[4096];
    server *server;
} world;

static int open_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    if (!w)
        return -1;
    setenv("no_proxy", "*", 1);
    strcpy(w->dir, "/tmp/metaclip-test-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    w->server = server_start();
    snprintf(w->base, sizeof w->base, "http://127.0.0.1:%d/", w->server->port);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    world *w = *state;
    server_stop(w->server);
    mci_remove_folder(w->dir, 4);
    free(w);
    return 0;
}

static const char *path_of(world *w, const char *name)
{
    snprintf(w->path, sizeof w->path, "%s/%s", w->dir, name);
    return w->path;
}

static void on_warning(void *user, const char *text)
{
    world *w = user;
    size_t n = strlen(w->warnings);
    snprintf(w->warnings + n, sizeof w->warnings - n, "%s\n", text);
}

static mc_pull_job job_of(world *w, const char *what)
{
    w->warnings[0] = '\0';
    return (mc_pull_job){ .what = what,
                          .models_dir = w->dir,
                          .mirror = w->base,
                          .pause_ms = 1,
                          .hooks = { .warn = on_warning, .user = w } };
}

static void serve(world *w, const char *path, const char *text)
{
    char etag[32];
    snprintf(etag, sizeof etag, "\"%zu\"", w->server->n_files);
    server_add(w->server, path, text, strlen(text), etag);
}

static void serve_repo(world *w, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "/facebook/some-model/resolve/main/%s", name);
    serve(w, path, text);
}

static void assert_text(world *w, const char *name, const char *want)
{
    size_t len;
    char *got = test_read_file(path_of(w, name), &len);
    if (!got)
        fail_msg("%s is not there", name);
    assert_string_equal(got, want);
    free(got);
}

/* ---- models of the table ---- */

static void serve_b32(world *w)
{
    serve(w, "/mlfoundations/open_clip/v2.24.0/src/open_clip/bpe_simple_vocab_16e6.txt.gz", "bpe");
    serve(w, "/MMPT/metaclip/b32_400m.pt", "weights");
}

static void a_published_hash_is_held_to(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w, "b32_400m");
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    serve_b32(w); /* these are not what was published */
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_MISMATCH);
    assert_says(err.text, "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a");
    assert_int_not_equal(access(path_of(w, "b32_400m/b32_400m.pt"), F_OK), 0);
}

/* The vocabulary of this one has no published hash, and its weights are given one. */
static void weights_come_with_their_vocabulary_into_their_folder(void **state)
{
    world *w = *state;
    char sha256[MC_SHA256_DIGITS + 1];
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    serve(w, "/facebook/xlm-v-base/resolve/main/sentencepiece.bpe.model", "pieces");
    serve(w, "/MMPT/metaclip/metaclip2_h14_378px_worldwide.pt", "weights");
    mci_sha256_of(mc_str_of("weights"), sha256, NULL);
    mc_pull_job job = job_of(w, "ViT-H-14-worldwide-378:metaclip2_worldwide");
    job.sha256 = sha256;
    assert_ok(mc_pull_run(&job, &pulled, &err), err);
    assert_int_equal(pulled.n_files, 2);
    assert_string_equal(pulled.files[0].checked, "");
    assert_string_equal(pulled.files[1].checked, "given");
    const char *folder = "metaclip2_h14_378px_worldwide";
    char name[128];
    snprintf(name, sizeof name, "%s/%s.pt", folder, folder);
    assert_string_equal(pulled.path, path_of(w, name));
    assert_text(w, name, "weights");
    snprintf(name, sizeof name, "%s/sentencepiece.bpe.model", folder);
    assert_text(w, name, "pieces");
    size_t len;
    snprintf(name, sizeof name, "%s/%s.pt.meta.json", folder, folder);
    char *note = test_read_file(path_of(w, name), &len);
    assert_says(note, "\"activation\":\"gelu\"");
    assert_says(note, "https://dl.fbaipublicfiles.com/"); /* not the mirror */
    free(note);

    /* Then it is found, under any of its names. */
    static const char *const names[] = { "metaclip2_h14_378px_worldwide",
                                         "ViT-H-14-378-worldwide:metaclip2_worldwide",
                                         "facebook/metaclip-2-worldwide-huge-378" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *path = NULL;
        const mc_published_model *model = NULL;
        assert_ok(mc_models_find(w->dir, names[i], &path, &model, &err), err);
        assert_string_equal(path, pulled.path);
        assert_string_equal(model->model, "ViT-H-14-378-worldwide");
        mc_free(path);
    }
    mc_pulled_release(&pulled);
}

static void a_vocabulary_that_is_gone_is_a_warning(void **state)
{
    world *w = *state;
    char sha256[MC_SHA256_DIGITS + 1];
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    serve(w, "/MMPT/metaclip/metaclip2_s16_224px_worldwide.pt", "weights");
    serve(w, "/MMPT/metaclip/metaclip2_s16_224px_mt5_worldwide.pt", "weights");
    mci_sha256_of(mc_str_of("weights"), sha256, NULL);
    mc_pull_job job = job_of(w, "metaclip2_s16_224px_worldwide");
    job.sha256 = sha256;
    assert_ok(mc_pull_run(&job, &pulled, &err), err);
    assert_int_equal(pulled.n_files, 1);
    assert_says(w->warnings, "its vocabulary is not where it was published");
    mc_pulled_release(&pulled);
    job = job_of(w, "metaclip2_s16_224px_mt5_worldwide");
    job.sha256 = sha256;
    assert_ok(mc_pull_run(&job, &pulled, &err), err);
    assert_says(w->warnings, "nobody publishes its vocabulary");
    mc_pulled_release(&pulled);
}

/* ---- repositories ---- */

static void a_repository_comes_as_a_folder(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w, "facebook/some-model");
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    serve_repo(w, "config.json", "{}");
    serve_repo(w, "vocab.json", "{\"a\":1}");
    serve_repo(w, "merges.txt", "a b");
    serve_repo(w, "model.safetensors", "tensors");
    assert_ok(mc_pull_run(&job, &pulled, &err), err);
    assert_int_equal(pulled.n_files, 4);
    assert_string_equal(pulled.path, path_of(w, "facebook--some-model"));
    assert_text(w, "facebook--some-model/model.safetensors", "tensors");
    assert_text(w, "facebook--some-model/vocab.json", "{\"a\":1}");
    mc_pulled_release(&pulled);

    char *path = NULL;
    const mc_published_model *model = (void *)&job;
    assert_ok(mc_models_find(w->dir, "facebook/some-model", &path, &model, &err), err);
    assert_string_equal(path, path_of(w, "facebook--some-model"));
    assert_null(model);
    mc_free(path);

    char out[1024]; /* another revision, into a folder of one's own */
    snprintf(out, sizeof out, "%s/deep/down", w->dir);
    serve(w, "/facebook/some-model/resolve/refs/pr/1/config.json", "{1}");
    serve(w, "/facebook/some-model/resolve/refs/pr/1/pytorch_model.bin", "pickle");
    job.out_dir = out;
    job.revision = "refs/pr/1";
    assert_ok(mc_pull_run(&job, &pulled, &err), err);
    assert_text(w, "deep/down/config.json", "{1}");
    assert_text(w, "deep/down/pytorch_model.bin", "pickle");
    mc_pulled_release(&pulled);
}

static void shards_are_those_of_the_index(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w, "facebook/some-model");
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    serve_repo(w, "config.json", "{}");
    serve_repo(
        w, "model.safetensors.index.json",
        "{\"weight_map\":{\"a\":\"model-1-of-2.safetensors\",\"b\":\"model-2-of-2.safetensors\","
        "\"c\":\"model-1-of-2.safetensors\"}}");
    serve_repo(w, "model-1-of-2.safetensors", "one");
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
    assert_says(err.text, "model-2-of-2.safetensors");
    serve_repo(w, "model-2-of-2.safetensors", "two");
    assert_ok(mc_pull_run(&job, &pulled, &err), err);
    assert_int_equal(pulled.n_files, 4);
    assert_text(w, "facebook--some-model/model-2-of-2.safetensors", "two");
    mc_pulled_release(&pulled);
}

static void an_index_that_leads_elsewhere_is_refused(void **state)
{
    world *w = *state;
    static const char *const indexes[] = {
        "{\"weight_map\":{\"a\":\"../../.bashrc\"}}",
        "{\"weight_map\":{\"a\":\"../x.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"/etc/x.safetensors\"}}",
        "{\"weight_map\":{\"a\":\".safetensors\"}}",
        "{\"weight_map\":{\"a\":\".x.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"x y.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"x.json\"}}",
        "{\"weight_map\":{\"a\":7}}",
        "{\"weight_map\":{}}",
        "{\"weight_map\":[\"x.safetensors\"]}",
        "{}",
        "[]",
        "no JSON",
    };
    serve_repo(w, "config.json", "{}");
    for (size_t i = 0; i < COUNT_OF(indexes); i++) {
        mc_pull_job job = job_of(w, "facebook/some-model");
        mc_pulled pulled = { 0 };
        mc_error err = { 0 };
        print_message("  case: %s\n", indexes[i]);
        serve_repo(w, "model.safetensors.index.json", indexes[i]);
        assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_FORMAT);
        assert_says(err.text, "model.safetensors.index.json: ");
        w->server->n_files--;
        unlink(path_of(w, "facebook--some-model/model.safetensors.index.json"));
    }
}

static void what_is_no_model_is_named(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w, "facebook/some-model");
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
    assert_says(err.text, "has no config.json");
    serve_repo(w, "config.json", "{}");
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
    assert_says(err.text, "no weights that are known here");
    job.sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_ARG);
    job.sha256 = NULL;
    job.mirror = "ftp://127.0.0.1";
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_ARG);
    job.mirror = NULL;
    job.revision = "a b";
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_ARG);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_published_hash_is_held_to),
        IN_A_WORLD(weights_come_with_their_vocabulary_into_their_folder),
        IN_A_WORLD(a_vocabulary_that_is_gone_is_a_warning),
        IN_A_WORLD(a_repository_comes_as_a_folder),
        IN_A_WORLD(shards_are_those_of_the_index),
        IN_A_WORLD(an_index_that_leads_elsewhere_is_refused),
        IN_A_WORLD(what_is_no_model_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
