/* Balancing in the loader against the offline commands: the first epoch is their set. */
#include <sys/stat.h>

#include "io/json.h"
#include "pair_fixture.h"

enum { N_TARS = 3, PER_TAR = 40, MAX_TEXTS = 512 };

/* What texts are made of, and what is looked for in them. */
typedef struct {
    bool is_folder;
    const char *lists[4]; /* of a folder: en, other, zh; else one */
} metadata_kind;

static const metadata_kind one_list = {
    false, { "[\"cat\",\"dog\",\"photo of\",\"bird\",\"red\",\"never\"]" }
};
static const metadata_kind folder = {
    true,
    { "[\"cat\",\"dog\",\"photo of\",\"bird\",\"red\",\"never\"]", "[\"chat\",\"never\"]",
      "[\"猫\",\"狗\",\"never\"]" },
};
static const char *const list_names[] = { "lists/en.json", "lists/other.json", "lists/zh.json" };

/* Captions with words of the list: cats are many, birds few. */
static void caption(test_random *random, int k, int i, int j, char *out, size_t size)
{
    static const char *const words[] = { "cat", "cat", "cat", "cat", "dog", "dog", "bird", "tree" };
    const char *first = words[test_below(random, 8)], *second = words[test_below(random, 8)];
    snprintf(out, size, "%s %s and %s %c%d%c", test_below(random, 3) ? "photo of" : "see", first,
             second, 'a' + k, i, 'x' + j);
}

/* The same in other languages; some say theirs, of some it is for the identifier to say. */
static const char *foreign_caption(test_random *random, int k, int i, int j, char *out, size_t size)
{
    static const char *const chinese[] = { "猫", "猫", "猫", "狗", "树" };
    static const char *const french[] = { "chat", "chat", "arbre" };
    const char *const codes[] = { "zh", "zh-Hant", "fr", "xx", NULL };
    const size_t kind = test_below(random, 5);
    if (kind == 2 || kind == 3)
        snprintf(out, size, "le %s %c%d%c", french[test_below(random, 3)], 'a' + k, i, 'x' + j);
    else if (kind == 4)
        snprintf(out, size, "这是%s %c%d%c", chinese[test_below(random, 5)], 'a' + k, i, 'x' + j);
    else
        snprintf(out, size, "%s%s %c%d%c", chinese[test_below(random, 5)],
                 chinese[test_below(random, 5)], 'a' + k, i, 'x' + j);
    return codes[kind];
}

/* A text as an element of "texts". */
static void put_text(mci_buf *json, test_random *random, const metadata_kind *kind, int k, int i,
                     int j)
{
    char text[128];
    const char *language = NULL;
    if (kind->is_folder && test_below(random, 2))
        language = foreign_caption(random, k, i, j, text, sizeof text);
    else
        caption(random, k, i, j, text, sizeof text);
    mci_buf_printf(json, NULL, "%s[\"alt\",\"%s\"", j ? "," : "", text);
    if (language)
        mci_buf_printf(json, NULL, ",null,\"%s\"", language);
    mci_buf_printf(json, NULL, "]");
}

static void put_tar(fixture *f, pair_set *set, const char *name, char *const *jsons)
{
    mci_buf tar = { 0 };
    char member[32];
    for (int i = 0; i < PER_TAR; i++) {
        if (!jsons[i])
            continue;
        snprintf(member, sizeof member, "%04d.jpg", i);
        add_member(&tar, member, image_bytes(1));
        snprintf(member, sizeof member, "%04d.json", i);
        add_text(&tar, member, jsons[i]);
    }
    add_tar(set, f->s, name, &tar);
}

static void add_captions(fixture *f, const metadata_kind *kind)
{
    test_random random = { 5 };
    for (int k = 0; k < N_TARS; k++) {
        mci_buf json[PER_TAR] = { 0 };
        char *texts[PER_TAR], name[32];
        for (int i = 0; i < PER_TAR; i++) {
            mci_buf_printf(&json[i], NULL, "{\"uuid\":\"%c%d\",\"texts\":[", 'a' + k, i);
            for (int j = 0; j < 1 + i % 3; j++)
                put_text(&json[i], &random, kind, k, i, j);
            mci_buf_printf(&json[i], NULL, "]}");
            mci_buf_terminate(&json[i], NULL);
            texts[i] = json[i].data;
        }
        snprintf(name, sizeof name, "c%d.tar", k);
        put_tar(f, &f->set, name, texts);
        for (int i = 0; i < PER_TAR; i++)
            mci_buf_release(&json[i]);
    }
}

typedef struct {
    char text[MAX_TEXTS][64];
    size_t n;
} text_list;

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void add_without_spaces(text_list *list, mc_str text)
{
    char *end = list->text[list->n++];
    assert_true(list->n < MAX_TEXTS && text.len < sizeof list->text[0]);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ')
            *end++ = text.data[i];
    *end = '\0';
}

/* The texts of a file of curated pairs, sorted. */
static text_list *read_curated(const char *path)
{
    text_list *list = calloc(1, sizeof *list);
    size_t len;
    char *file = test_read_file(path, &len);
    mci_json *json = NULL;
    assert_non_null(file);
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    for (char *line = strtok(file, "\n"); line; line = strtok(NULL, "\n")) {
        mci_json_value root, texts, pair, text;
        assert_int_equal(mci_json_parse(json, mc_str_of(line), &root, NULL, NULL), MC_OK);
        assert_true(mci_json_get(root, "texts", &texts));
        for (mci_json_iter it = mci_json_iterate(texts); mci_json_next(&it, NULL, &pair);) {
            mci_json_iter of = mci_json_iterate(pair);
            assert_true(mci_json_next(&of, NULL, &text) && mci_json_next(&of, NULL, &text));
            add_without_spaces(list, mci_json_string(text));
        }
    }
    mci_json_free(json);
    free(file);
    qsort(list->text, list->n, sizeof list->text[0], compare_texts);
    return list;
}

/* The units of an epoch, sorted: it begins where the position says so. */
static text_list *read_epoch(const pair_set *set, const mci_pair_loader_job *job, uint64_t epoch)
{
    mc_error err = { 0 };
    mci_pair_loader_job one = *job;
    mci_pair_loader *loader = NULL;
    text_list *list = calloc(1, sizeof *list);
    rows *r = calloc(1, sizeof *r);
    one.batch = 1;
    one.start = (mci_pair_position){ epoch, 0, 0 };
    assert_ok(mci_pair_loader_open(&one, &loader, &err), err);
    for (;;) {
        mci_pair_batch batch;
        assert_ok(mci_pair_loader_next(loader, &batch, &err), err);
        if (batch.at.epoch != epoch)
            break;
        add_rows(r, set, &batch);
        add_without_spaces(list, mc_str_of(r->text[r->n - 1]));
    }
    mci_pair_loader_close(loader);
    free(r);
    qsort(list->text, list->n, sizeof list->text[0], compare_texts);
    return list;
}

static void assert_same_lists(const text_list *a, const text_list *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        assert_string_equal(a->text[i], b->text[i]);
}

typedef struct {
    char metadata_path[512], matched[512], counts_path[512], curated[512];
    mci_online_balance online;
} balance;

enum { T = 12, SEED = 3 };

static void keep_path(char to[512], const char *path)
{
    snprintf(to, 512, "%s", path);
}

static void write_metadata(fixture *f, const metadata_kind *kind, balance *b)
{
    if (!kind->is_folder) {
        keep_path(b->metadata_path, scratch_text(f->s, "metadata.json", kind->lists[0]));
        return;
    }
    keep_path(b->metadata_path, scratch_path(f->s, "lists"));
    assert_int_equal(mkdir(b->metadata_path, 0777), 0);
    for (size_t i = 0; i < COUNT_OF(list_names); i++)
        scratch_text(f->s, list_names[i], kind->lists[i]);
}

/* The offline way: match, count and balance the same tars. */
static void balance_offline(fixture *f, const metadata_kind *kind, double tail_ratio, balance *b)
{
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_pool pool = { .inputs = (const char *const *)f->set.paths, .n_inputs = f->set.n };
    mc_pool matched = { .inputs = (const char *const[]){ b->matched }, .n_inputs = 1 };
    write_metadata(f, kind, b);
    keep_path(b->matched, scratch_path(f->s, "matched.jsonl"));
    keep_path(b->counts_path, scratch_path(f->s, "counts.npy"));
    keep_path(b->curated, scratch_path(f->s, "curated.jsonl"));
    const mc_match_job match = { .pool = pool,
                                 .metadata_path = b->metadata_path,
                                 .rule = kind->is_folder ? MC_RULE_WORLDWIDE : MC_RULE_WORDS,
                                 .out_path = b->matched };
    const mc_count_job count = { .pool = matched,
                                 .metadata_path = b->metadata_path,
                                 .out_path = b->counts_path };
    const mc_balance_job thin = { .pool = matched,
                                  .metadata_path = b->metadata_path,
                                  .counts_path = b->counts_path,
                                  .tail_ratio = tail_ratio,
                                  .t = tail_ratio >= 0 ? 0 : T,
                                  .seed = SEED,
                                  .out_path = b->curated };
    assert_ok(mc_match_run(&match, &summary, &err), err);
    assert_ok(mc_count_run(&count, &summary, &err), err);
    assert_ok(mc_balance_run(&thin, &summary, &err), err);
}

static mci_online_balance_job online_job(const metadata_kind *kind, double tail_ratio,
                                         const balance *b)
{
    return (mci_online_balance_job){ .metadata_path = b->metadata_path,
                                     .counts_path = b->counts_path,
                                     .worldwide = kind->is_folder,
                                     .t = T,
                                     .tail_ratio = tail_ratio,
                                     .seed = SEED };
}

/* The tars again, with the ids of the matched file in their texts: what it does not have is left
 * out. */
static void add_matched(fixture *f, const balance *b, pair_set *set)
{
    size_t len;
    char *file = test_read_file(b->matched, &len), *lines[N_TARS][PER_TAR] = { 0 };
    assert_non_null(file);
    for (char *line = strtok(file, "\n"); line; line = strtok(NULL, "\n")) {
        const char *uuid = strstr(line, "\"uuid\":\"");
        assert_non_null(uuid);
        lines[uuid[8] - 'a'][atoi(uuid + 9)] = line;
    }
    for (int k = 0; k < N_TARS; k++) {
        char name[32];
        snprintf(name, sizeof name, "d%d.tar", k);
        put_tar(f, set, name, lines[k]);
    }
    free(file);
}

static void remove_lists(fixture *f)
{
    for (size_t i = 0; i < COUNT_OF(list_names); i++)
        unlink(scratch_path(f->s, list_names[i]));
    rmdir(scratch_path(f->s, "lists"));
}

static void check_first_epoch(fixture *f, const metadata_kind *kind, double tail_ratio)
{
    mc_error err = { 0 };
    balance b = { 0 };
    add_captions(f, kind);
    balance_offline(f, kind, tail_ratio, &b);
    mci_online_balance_job how = online_job(kind, tail_ratio, &b);
    assert_ok(mci_online_balance_open(&how, &b.online, &err), err);
    text_list *want = read_curated(b.curated);
    mci_pair_loader_job job = job_of(&f->set);
    job.balancer = b.online.balancer;
    job.matching = &b.online.matching;
    text_list *first = read_epoch(&f->set, &job, 0), *second = read_epoch(&f->set, &job, 1);
    print_message("    %zu pairs\n", want->n);
    assert_in_range(want->n, 20, 200);
    assert_same_lists(first, want);
    assert_false(second->n == first->n &&
                 memcmp(second->text, first->text, sizeof first->text) == 0);
    job.seed++; /* the order's seed is not that of balancing */
    text_list *other = read_epoch(&f->set, &job, 0);
    assert_same_lists(other, want);
    rows *r = read_rows(&f->set, &job, 4);
    assert_closes(&r->counters);
    assert_true(r->counters.samples_not_drawn > 0 && r->counters.texts_not_drawn > 0);
    assert_int_equal(r->counters.units, r->counters.texts_kept);

    /* Ids that the texts carry do as well. */
    pair_set carrying = { .tokenizer = f->set.tokenizer };
    add_matched(f, &b, &carrying);
    mci_pair_loader_job with_ids = job_of(&carrying);
    with_ids.balancer = b.online.balancer;
    text_list *carried = read_epoch(&carrying, &with_ids, 0);
    text_list *carried_second = read_epoch(&carrying, &with_ids, 1);
    assert_same_lists(carried, want);
    assert_same_lists(carried_second, second);

    /* Without ids and without a matcher nothing can be drawn. */
    job.matching = NULL;
    assert_int_equal(read_failure(&job, &err), MC_E_FORMAT);
    assert_says(err.text, "match no entry (they must carry ids, or be matched here)");

    for (size_t i = 0; i < carrying.n; i++)
        free(carrying.paths[i]);
    free(r);
    free(want);
    free(first);
    free(second);
    free(other);
    free(carried);
    free(carried_second);
    mci_online_balance_release(&b.online);
    remove_lists(f);
}

static void the_first_epoch_is_the_offline_set(void **state)
{
    check_first_epoch(*state, &one_list, -1.0);
}

static void so_it_is_with_a_list_for_each_language(void **state)
{
    check_first_epoch(*state, &folder, -1.0);
}

static void so_it_is_with_a_t_for_each_by_a_tail_ratio(void **state)
{
    check_first_epoch(*state, &folder, 0.1);
}

static void what_does_not_fit_together_is_refused(void **state)
{
    fixture *f = *state;
    mc_error err = { 0 };
    balance b = { 0 };
    add_captions(f, &folder);
    balance_offline(f, &folder, -1.0, &b);
    mci_online_balance_job how = online_job(&folder, -1.0, &b);
    how.worldwide = false;
    assert_int_equal(mci_online_balance_open(&how, &b.online, &err), MC_E_ARG);
    assert_says(err.text, "worldwide rule");
    how.has_ids = true; /* then nothing is matched */
    assert_ok(mci_online_balance_open(&how, &b.online, &err), err);
    assert_false(b.online.matches);
    mci_online_balance_release(&b.online);
    how.metadata_path = NULL;
    assert_int_equal(mci_online_balance_open(&how, &b.online, &err), MC_E_MISMATCH);
    assert_says(err.text, "folder of lists");
    how.metadata_path = scratch_text(f->s, "one.json", one_list.lists[0]);
    how.tail_ratio = 0.5;
    assert_true(mci_online_balance_open(&how, &b.online, &err) < 0);
    remove_lists(f);
}

/* A table's language is that of all its texts. */
static void add_table(fixture *f)
{
    test_random random = { 9 };
    mci_buf table = { 0 };
    mci_buf_printf(&table, NULL, "uid,filepath,caption,lang\n");
    for (int i = 0; i < PER_TAR; i++) {
        char text[128];
        const char *language = foreign_caption(&random, 0, i, 0, text, sizeof text);
        mci_buf_printf(&table, NULL, "u%d,%s,%s,%s\n", i,
                       test_path("METACLIP_TEST_DATA", "images/rgb.png"), text,
                       language ? language : "");
    }
    add_shard(&f->set, f->s, "table.csv", mci_buf_str(&table));
    mci_buf_release(&table);
}

static void so_it_is_with_a_table_that_says_languages(void **state)
{
    fixture *f = *state;
    mc_error err = { 0 };
    balance b = { 0 };
    add_table(f);
    balance_offline(f, &folder, 0.2, &b);
    mci_online_balance_job how = online_job(&folder, 0.2, &b);
    assert_ok(mci_online_balance_open(&how, &b.online, &err), err);
    text_list *want = read_curated(b.curated);
    mci_pair_loader_job job = job_of(&f->set);
    job.balancer = b.online.balancer;
    job.matching = &b.online.matching;
    text_list *first = read_epoch(&f->set, &job, 0);
    assert_in_range(want->n, 5, 35);
    assert_same_lists(first, want);
    free(first);
    free(want);
    mci_online_balance_release(&b.online);
    remove_lists(f);
}

#define test_of(name) cmocka_unit_test_setup_teardown(name, open_empty, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_of(the_first_epoch_is_the_offline_set),
        test_of(so_it_is_with_a_list_for_each_language),
        test_of(so_it_is_with_a_t_for_each_by_a_tail_ratio),
        test_of(so_it_is_with_a_table_that_says_languages),
        test_of(what_does_not_fit_together_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
