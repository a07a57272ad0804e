/* Codes of language identification whose Wikipedia, and so whose list, is called otherwise. All
 * others are called as identification has them, or have no Wikipedia, such as kha, mfe and tlh.
 * Sources: CLD2's codes; those of fastText's lid.176 and of NLLB's lid218e; ISO 639; the language list of MetaCLIP 2's
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
        /* ISO 639-3, as in eng_Latn, where two letters do: lid218e's are these with a script. Of
         * varieties that share a Wikipedia all go there. */
        { "als_Latn", "sq" }, /* Tosk Albanian; als alone is lid.176's Alemannic */
        { "acm", "ar" }, { "acq", "ar" }, { "aeb", "ar" }, { "afr", "af" }, { "ajp", "ar" },
        { "aka", "ak" }, { "amh", "am" }, { "apc", "ar" }, { "ara", "ar" }, { "arb", "ar" },
        { "ars", "ar" }, { "asm", "as" }, { "ava", "av" }, { "aym", "ay" }, { "ayr", "ay" },
        { "aze", "az" }, { "azj", "az" }, { "bak", "ba" }, { "bam", "bm" }, { "bel", "be" },
        { "ben", "bn" }, { "bod", "bo" }, { "bos", "bs" }, { "bre", "br" }, { "bul", "bg" },
        { "cat", "ca" }, { "ces", "cs" }, { "che", "ce" }, { "chv", "cv" }, { "cor", "kw" },
        { "cos", "co" }, { "cym", "cy" }, { "dan", "da" }, { "deu", "de" }, { "div", "dv" },
        { "dzo", "dz" }, { "ekk", "et" }, { "ell", "el" }, { "eng", "en" }, { "epo", "eo" },
        { "est", "et" }, { "eus", "eu" }, { "ewe", "ee" }, { "fao", "fo" }, { "fas", "fa" },
        { "fij", "fj" }, { "fin", "fi" }, { "fra", "fr" }, { "fry", "fy" }, { "fuv", "ff" },
        { "gaz", "om" }, { "gla", "gd" }, { "gle", "ga" }, { "glg", "gl" }, { "glv", "gv" },
        { "grn", "gn" }, { "gug", "gn" }, { "guj", "gu" }, { "hat", "ht" }, { "hau", "ha" },
        { "heb", "he" }, { "hin", "hi" }, { "hrv", "hr" }, { "hun", "hu" }, { "hye", "hy" },
        { "ibo", "ig" }, { "ido", "io" }, { "iku", "iu" }, { "ina", "ia" }, { "ind", "id" },
        { "isl", "is" }, { "ita", "it" }, { "jav", "jv" }, { "jpn", "ja" }, { "kal", "kl" },
        { "kan", "kn" }, { "kas", "ks" }, { "kat", "ka" }, { "kaz", "kk" }, { "khk", "mn" },
        { "khm", "km" }, { "kik", "ki" }, { "kin", "rw" }, { "kir", "ky" }, { "kmr", "ku" },
        { "knc", "kr" }, { "kom", "kv" }, { "kon", "kg" }, { "kor", "ko" }, { "kur", "ku" },
        { "lao", "lo" }, { "lat", "la" }, { "lav", "lv" }, { "lim", "li" }, { "lin", "ln" },
        { "lit", "lt" }, { "ltz", "lb" }, { "lug", "lg" }, { "lvs", "lv" }, { "mal", "ml" },
        { "mar", "mr" }, { "mkd", "mk" }, { "mlg", "mg" }, { "mlt", "mt" }, { "mon", "mn" },
        { "mri", "mi" }, { "msa", "ms" }, { "mya", "my" }, { "nav", "nv" }, { "nep", "ne" },
        { "nld", "nl" }, { "nno", "nn" }, { "nob", "no" }, { "nor", "no" }, { "npi", "ne" },
        { "nya", "ny" }, { "oci", "oc" }, { "ori", "or" }, { "orm", "om" }, { "ory", "or" },
        { "oss", "os" }, { "pan", "pa" }, { "pbt", "ps" }, { "pes", "fa" }, { "plt", "mg" },
        { "pol", "pl" }, { "por", "pt" }, { "prs", "fa" }, { "pus", "ps" }, { "que", "qu" },
        { "quy", "qu" }, { "roh", "rm" }, { "ron", "ro" }, { "run", "rn" }, { "rus", "ru" },
        { "sag", "sg" }, { "san", "sa" }, { "sin", "si" }, { "slk", "sk" }, { "slv", "sl" },
        { "sme", "se" }, { "smo", "sm" }, { "sna", "sn" }, { "snd", "sd" }, { "som", "so" },
        { "sot", "st" }, { "spa", "es" }, { "sqi", "sq" }, { "srd", "sc" }, { "srp", "sr" },
        { "ssw", "ss" }, { "sun", "su" }, { "swa", "sw" }, { "swe", "sv" }, { "swh", "sw" },
        { "tah", "ty" }, { "tam", "ta" }, { "tat", "tt" }, { "tel", "te" }, { "tgk", "tg" },
        { "tgl", "tl" }, { "tha", "th" }, { "tir", "ti" }, { "ton", "to" }, { "tsn", "tn" },
        { "tso", "ts" }, { "tuk", "tk" }, { "tur", "tr" }, { "twi", "tw" }, { "tzm", "zgh" },
        { "uig", "ug" }, { "ukr", "uk" }, { "urd", "ur" }, { "uzb", "uz" }, { "uzn", "uz" },
        { "ven", "ve" }, { "vie", "vi" }, { "wln", "wa" }, { "wol", "wo" }, { "xho", "xh" },
        { "ydd", "yi" }, { "yid", "yi" }, { "yor", "yo" }, { "zha", "za" }, { "zho", "zh" },
        { "zsm", "ms" }, { "zul", "zu" },
    };
    *n = COUNT_OF(codes);
    return codes;
}
