/* Codes of language identification whose Wikipedia, and so whose list, is called otherwise. All
 * others are called as identification has them, or have no Wikipedia, such as kha, mfe and tlh.
 * Sources: CLD2's codes; those of fastText's lid.176; the language list of MetaCLIP 2's
 * metadata, which are the names of Wikipedia's data bases. */
#include "base/error.h"
#include "curate/list_route.h"

const mci_list_code *mci_list_codes(size_t *n)
{
    static const mci_list_code codes[] = {
        /* CLD2 */
        { "iw", "he" },
        { "jw", "jv" },
        { "sr-ME", "sr" }, /* Montenegrin */
        { "syr", "arc" },
        { "zh-Hant", "zh" },
        /* lid.176 */
        { "cbk", "cbk_zam" },
        { "yue", "zh_yue" },
        { "yue", "zh" }, /* MetaCLIP 2 puts zh_yue and zh_classical into zh */
        /* ISO 639 and BCP 47 */
        { "cmn", "zh" },
        { "fil", "tl" },
        { "lzh", "zh_classical" },
        { "lzh", "zh" },
        { "nan", "zh_min_nan" },
        { "nb", "no" },
        { "rup", "roa_rup" },
        { "sgs", "bat_smg" },
        { "vro", "fiu_vro" },
        { "zh-Hans", "zh" },
    };
    *n = COUNT_OF(codes);
    return codes;
}
