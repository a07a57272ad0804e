/* A folder of lists with any names and contents, and where any code of a language goes: against the
 * plainest way to say it. The input is files, NAME=CONTENT, parted by '|', and then codes, parted
 * by
 * '/'. */
#include <stdio.h>
#include <unistd.h>

#include "curate/card.h"
#include "curate/list_route.h"
#include "curate/metadata.h"
#include "io/whole.h"
#include "parts.h"

enum { MAX_FILES = 8, MAX_NAME = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the folder ---- */

typedef struct {
    char path[96];
    char files[MAX_FILES][160];
    size_t n_files;
} folder;

static folder *the_folder(void)
{
    static folder f;
    if (f.path[0])
        return &f;
    const char *parent = getenv("TMPDIR");
    snprintf(f.path, sizeof f.path, "%s/lists-XXXXXX",
             parent && strlen(parent) < 64 ? parent : "/tmp");
    require(mkdtemp(f.path) != NULL);
    return &f;
}

static bool is_name(mc_str name)
{
    return name.len > 0 && name.len < MAX_NAME && !memchr(name.data, '/', name.len) &&
           !memchr(name.data, 0, name.len) && !mc_str_equal(name, mc_str_of(".")) &&
           !mc_str_equal(name, mc_str_of(".."));
}

static void add_file(folder *f, mc_str name, mc_str content)
{
    if (!is_name(name))
        return;
    char *path = f->files[f->n_files++];
    snprintf(path, sizeof f->files[0], "%s/%.*s", f->path, (int)name.len, name.data);
    FILE *file = fopen(path, "wb");
    require(file && fwrite(content.data, 1, content.len, file) == content.len);
    require(fclose(file) == 0);
}

static mc_str fill(folder *f, mc_str input)
{
    mc_str part, name;
    while (f->n_files < MAX_FILES && take_part(&input, '|', &part))
        if (take_part(&part, '=', &name))
            add_file(f, name, part);
    return input;
}

static void empty(folder *f)
{
    while (f->n_files > 0)
        unlink(f->files[--f->n_files]);
    rmdir(f->path);
    f->path[0] = '\0';
}

/* ---- what must hold ---- */

static int plain_find(const mc_metadata_list *lists, size_t n, mc_str name)
{
    for (size_t i = 0; i < n; i++)
        if (mc_str_equal(name, mc_str_of(lists[i].name)))
            return (int)i;
    return MCI_NO_LIST;
}

static int plain_list_of(const mc_metadata_list *lists, size_t n, mc_str code)
{
    size_t n_codes;
    const mci_list_code *codes = mci_list_codes(&n_codes);
    int found = plain_find(lists, n, code);
    for (size_t i = 0; found == MCI_NO_LIST && i < n_codes; i++)
        if (mc_str_equal(code, mc_str_of(codes[i].code)))
            found = plain_find(lists, n, mc_str_of(codes[i].list));
    return found == MCI_NO_LIST ? plain_find(lists, n, mc_str_of("other")) : found;
}

static bool is_same(const mc_metadata_list *a, const mc_metadata_list *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->sha256, b->sha256) == 0 &&
           a->first_id == b->first_id && a->n_entries == b->n_entries;
}

/* Each is of its name, follows the one before, and is the same again from JSON. */
static void check_lists(const mc_metadata *metadata, const mc_metadata_list *lists, size_t n)
{
    uint64_t n_entries = 0;
    mci_buf text = { 0 };
    for (size_t i = 0; i < n; i++) {
        mci_json *json = NULL;
        mci_json_value root;
        mc_metadata_list again;
        require(mci_list_name_is_valid(mc_str_of(lists[i].name)));
        for (uint64_t k = 0; k < lists[i].n_entries; k++)
            require(mci_list_of_id(lists, n, (uint32_t)(n_entries + k)) == (int)i);
        require(mci_list_follows(&lists[i], i ? &lists[i - 1] : NULL, &n_entries, NULL) == MC_OK);
        mci_buf_clear(&text);
        require(mci_buf_byte(&text, '{', NULL) == MC_OK &&
                mci_list_format(&text, &lists[i], NULL) == MC_OK &&
                mci_buf_byte(&text, '}', NULL) == MC_OK);
        require(mci_parse_whole(mci_buf_str(&text), &json, &root, NULL) == MC_OK);
        require(mci_list_parse(root, &again, NULL) == MC_OK);
        require(is_same(&again, &lists[i]));
        mci_json_free(json);
    }
    require(n_entries == mc_metadata_len(metadata));
    require(mci_list_of_id(lists, n, (uint32_t)n_entries) == MCI_NO_LIST);
    mci_buf_release(&text);
}

static void check_codes(mc_str codes, const mc_metadata_list *lists, size_t n)
{
    for (mc_str code; take_part(&codes, '/', &code);)
        require(mci_list_of_language(lists, n, code) == plain_list_of(lists, n, code));
    size_t n_known;
    const mci_list_code *known = mci_list_codes(&n_known);
    for (size_t i = 0; i < n_known; i++) {
        mc_str code = mc_str_of(known[i].code);
        require(mci_list_of_language(lists, n, code) == plain_list_of(lists, n, code));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    folder *f = the_folder();
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    const mc_metadata_list *lists = NULL;
    mc_str codes = fill(f, (mc_str){ (const char *)data, size });
    mc_status status = mc_metadata_load_lists(f->path, &metadata, &err);
    empty(f);
    if (status < 0) {
        require(!metadata && err.text[0] != '\0');
        return 0;
    }
    size_t n = mc_metadata_lists(metadata, &lists);
    require(n > 0 && n <= MAX_FILES);
    check_lists(metadata, lists, n);
    check_codes(codes, lists, n);
    mc_metadata_free(metadata);
    return 0;
}
