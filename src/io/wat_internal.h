/* The two readers of a WAT record. For wat*.c, their tests and fuzzing. */
#ifndef MCI_IO_WAT_INTERNAL_H
#define MCI_IO_WAT_INTERNAL_H

#include "base/alloc.h"
#include "io/wat.h"

/* What a link can tell us; the texts come in the order in which a page lists them. */
enum {
    MCI_LINK_PATH,
    MCI_LINK_URL,
    MCI_LINK_TEXT,
    MCI_N_LINK_KEYS = MCI_LINK_TEXT + MCI_MAX_LINK_TEXTS
};
extern const mc_str mci_link_keys[MCI_N_LINK_KEYS];

bool mci_is_image_path(mc_str path);

/* Fills page, which is empty, from one line, without a tape: as mci_wat_parse does where it does at
 * all. MC_SKIPPED: it does not, page holds junk; anything may be the matter, and err says nothing.
 */
mc_status mci_wat_scan(mci_json *json, mc_str line, mci_page *page, mc_error *err);

/* The definition: the first line of block that is a JSON object, parsed whole. As mci_wat_images
 * but for the time it takes. */
mc_status mci_wat_parse(mci_json *json, mci_buf *scratch, mc_str block, mci_page *page,
                        mc_error *err);

#endif
