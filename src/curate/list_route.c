#include "curate/list_route.h"

static int compare(mc_str a, const char *b)
{
    size_t n_b = strlen(b), n = a.len < n_b ? a.len : n_b;
    int order = n ? memcmp(a.data, b, n) : 0;
    return order ? order : (a.len > n_b) - (a.len < n_b);
}

int mci_list_find(const mc_metadata_list *lists, size_t n, mc_str name)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(name, lists[middle].name);
        if (order == 0)
            return (int)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return MCI_NO_LIST;
}

/* By the table; *is_known: the code stands there. */
static int find_by_table(const mc_metadata_list *lists, size_t n, mc_str code, bool *is_known)
{
    size_t n_codes;
    const mci_list_code *codes = mci_list_codes(&n_codes);
    int found = MCI_NO_LIST;
    *is_known = false;
    for (size_t i = 0; code.len > 0 && i < n_codes && found == MCI_NO_LIST; i++)
        if (codes[i].code[0] == code.data[0] && mc_str_equal(code, mc_str_of(codes[i].code))) {
            *is_known = true;
            found = mci_list_find(lists, n, mc_str_of(codes[i].list));
        }
    return found;
}

/* "eng_Latn": a language of three letters, a script of four. */
static bool has_script(mc_str code)
{
    enum { LANGUAGE = 3, SCRIPT = 4 };
    bool has = code.len == LANGUAGE + 1 + SCRIPT && code.data[LANGUAGE] == '_';
    for (size_t i = 0; i < code.len && has; i++)
        has = i == LANGUAGE || (code.data[i] >= (i == LANGUAGE + 1 ? 'A' : 'a') &&
                                code.data[i] <= (i == LANGUAGE + 1 ? 'Z' : 'z'));
    return has;
}

int mci_list_of_language(const mc_metadata_list *lists, size_t n, mc_str code)
{
    bool is_known = false;
    int found = mci_list_find(lists, n, code);
    if (found == MCI_NO_LIST)
        found = find_by_table(lists, n, code, &is_known);
    if (found == MCI_NO_LIST && !is_known && has_script(code))
        return mci_list_of_language(lists, n, (mc_str){ code.data, 3 });
    return found == MCI_NO_LIST ? mci_list_find(lists, n, mc_str_of(MCI_LIST_OTHER)) : found;
}

int mci_list_of_id(const mc_metadata_list *lists, size_t n, uint32_t id)
{
    size_t low = 0, high = n; /* lists before low begin at id or before */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lists[middle].first_id <= id)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_in = low > 0 && id - lists[low - 1].first_id < lists[low - 1].n_entries;
    return is_in ? (int)low - 1 : MCI_NO_LIST;
}
