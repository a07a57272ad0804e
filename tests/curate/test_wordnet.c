#include "curate/wordnet.h"

#include "scratch.h"

/* A small WordNet of our own in the form of wndb(5WN). */
static const char data_noun[] =
    "  1 This is a small list in the form of WordNet's.  \n"
    "  2 Its words are made up.  \n"
    "00001740 03 n 01 Entity 0 003 ~ 00001930 n 0000 | that which is  \n"
    "00001930 03 n 02 physical_object 0 thing 1 000 | a thing  \n"
    "00002452 03 n 01 a.m. 0 000 | the dot cuts it to one letter  \n"
    "00002684 03 n 01 .22 0 000 | the dot cuts it to nothing  \n"
    "00003553 03 n 01 42 0 000 | a number  \n"
    "00004258 03 n 01 ! 0 000 | a mark  \n";
static const char data_verb[] =
    "00001740 29 v 04 breathe 0 take_a_breath 0 respire 0 suspire 3 000 02 + 02 00 | in  \n";
static const char data_adj[] = "00001740 00 a 01 able(p) 0 000 | first  \n"
                               "00002098 00 s 01 Elect(ip) 0 000 | second  \n"
                               "00002312 00 a 0b absolute(a) 0 000 | third  \n"
                               "00002527 00 s 01 (a) 0 000 | a marker alone is a word  \n";
static const char data_adv[] = "00001740 02 r 01 a_cappella 0 000 | without  \n"
                               "00001837 02 r 01 entity 0 000 | seen before\n";

static void write_wordnet(void *state)
{
    scratch_text(state, "data.noun", data_noun);
    scratch_text(state, "data.verb", data_verb);
    scratch_text(state, "data.adj", data_adj);
    scratch_text(state, "data.adv", data_adv);
}

static const char *folder_of(void *state)
{
    return ((scratch *)state)->dir;
}

static void names_of_synsets_come_in_file_order(void **state)
{
    mci_entry_list list = { 0 };
    mc_error err = { 0 };
    write_wordnet(*state);
    assert_ok(mci_wordnet_add(&list, folder_of(*state), &err), err);
    assert_str(mci_buf_str(&list.bytes), "entity\nphysical object\na\n\n42\n!\n"
                                         "breathe\n"
                                         "able\nelect\nabsolute\n(a)\n"
                                         "a cappella\nentity\n");
    mci_entry_list_release(&list);
}

static void a_list_begins_with_the_numbers_and_wordnet(void **state)
{
    write_wordnet(*state);
    const char *const more[] = { scratch_text(*state, "more.txt", "zebra\nable\n") };
    mc_metadata_job job = { .wordnet_dir = folder_of(*state), .inputs = more, .n_inputs = 1 };
    mc_metadata *metadata = NULL;
    mc_metadata_build report;
    mc_error err = { 0 };
    assert_ok(mc_metadata_build_run(&job, &metadata, &report, &err), err);
    assert_int_equal(mc_metadata_len(metadata), 110);
    assert_str(mc_metadata_entry(metadata, 0), "0");
    assert_str(mc_metadata_entry(metadata, 99), "99");
    assert_str(mc_metadata_entry(metadata, 100), "entity");
    assert_str(mc_metadata_entry(metadata, 109), "zebra");
    assert_int_equal(report.n_sources, 3);
    assert_string_equal(report.sources[0].source, "numbers 0 to 99");
    assert_int_equal(report.sources[0].n_added, 100);
    assert_string_equal(report.sources[1].source, "WordNet");
    assert_int_equal(report.sources[1].n_read, 13);
    assert_int_equal(report.sources[1].n_dropped, 2);
    assert_int_equal(report.sources[1].n_duplicate, 2);
    assert_int_equal(report.sources[1].n_added, 9);
    assert_int_equal(report.sources[2].n_duplicate, 1);
    assert_int_equal(report.sources[2].n_added, 1);
    mc_metadata_free(metadata);
}

static void other_files_are_named_by_line(void **state)
{
    static const char *const wrong[] = {
        "hello",
        "",
        "00001740 03 n 01 ",
        "00001740 03 n 01 entity",
        "00001740 03 n 01  0 000",
        "00001740 03 x 01 entity 0 000",
        "0001740 03 n 01 entity 0 000",
        "00001740 03 n 0g entity 0 000",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char text[256];
        mci_entry_list list = { 0 };
        mc_error err = { 0 };
        write_wordnet(*state);
        snprintf(text, sizeof text, "  1 licence\n00001740 29 v 01 go 0 000 | x\n%s\n", wrong[i]);
        scratch_text(*state, "data.verb", text);
        assert_int_equal(mci_wordnet_add(&list, folder_of(*state), &err), MC_E_FORMAT);
        assert_says(err.text, "data.verb: line 3 is no synset of WordNet");
        mci_entry_list_release(&list);
    }
}

static void wordnet_3_0_gives_the_papers_number_of_entries(void **state)
{
    (void)state;
    const char *folder = "/usr/share/wordnet";
    if (access("/usr/share/wordnet/data.noun", R_OK) != 0)
        skip();
    mc_metadata_job job = { .wordnet_dir = folder };
    mc_metadata *metadata = NULL;
    mc_metadata_build report;
    mc_metadata_report check;
    mc_error err = { 0 };
    assert_ok(mc_metadata_build_run(&job, &metadata, &report, &err), err);
    assert_int_equal(mc_metadata_len(metadata), 86654);
    assert_int_equal(report.sources[1].n_added, 86554); /* 86,555, one of them empty */
    assert_str(mc_metadata_entry(metadata, 100), "entity");
    assert_ok(mc_metadata_check(metadata, &check, &err), err);
    assert_int_equal(check.n_duplicates, 0);
    assert_int_equal(check.n_invalid_utf8, 0);
    mc_metadata_free(metadata);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(names_of_synsets_come_in_file_order),
        IN_SCRATCH(a_list_begins_with_the_numbers_and_wordnet),
        IN_SCRATCH(other_files_are_named_by_line),
        cmocka_unit_test(wordnet_3_0_gives_the_papers_number_of_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
