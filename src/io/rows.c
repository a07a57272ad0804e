#include "io/rows.h"

#include <strings.h>

mci_column_role mci_column_role_of(mc_str name)
{
    static const struct {
        const char *name;
        mci_column_role role;
    } known[] = {
        { "uuid", MCI_COLUMN_UUID },    { "uid", MCI_COLUMN_UUID },
        { "url", MCI_COLUMN_URL },      { "image_url", MCI_COLUMN_URL },
        { "filepath", MCI_COLUMN_URL }, { "text", MCI_COLUMN_TEXT },
        { "caption", MCI_COLUMN_TEXT }, { "alt", MCI_COLUMN_TEXT },
        { "title", MCI_COLUMN_TEXT },   { "description", MCI_COLUMN_TEXT },
        { "key", MCI_COLUMN_KEY },      { "entries", MCI_COLUMN_ENTRIES },
        { "lang", MCI_COLUMN_LANG },    { "language", MCI_COLUMN_LANG },
    };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (name.len == strlen(known[i].name) &&
            strncasecmp(name.data, known[i].name, name.len) == 0)
            return known[i].role;
    return MCI_COLUMN_EXTRA;
}
