/** libmetaclip: curate image-text pairs as MetaCLIP does, without a Python stack.
 *
 *  A complete program, which tells the entries of a caption:
 *
 *      #include <metaclip/metaclip.h>
 *      #include <stdio.h>
 *
 *      int main(void)
 *      {
 *          mc_error err = { 0 };
 *          mc_metadata *metadata = NULL;
 *          mc_matcher *matcher = NULL;
 *          mc_match_scratch *scratch = NULL;
 *          const uint32_t *ids;
 *          size_t n;
 *          if (mc_metadata_load("metadata.json", &metadata, &err) < 0 ||
 *              mc_matcher_new(mc_metadata_entries(metadata), mc_metadata_len(metadata), &matcher,
 *                             &err) < 0 ||
 *              mc_match_scratch_new(&scratch, &err) < 0 ||
 *              mc_match(matcher, scratch, mc_str_of("a red car"), &ids, &n, &err) < 0)
 *              return fprintf(stderr, "%s\n", err.text), 1;
 *          for (size_t i = 0; i < n; i++) {
 *              mc_str entry = mc_metadata_entry(metadata, ids[i]);
 *              printf("%u %.*s\n", ids[i], (int)entry.len, entry.data);
 *          }
 *          mc_match_scratch_free(scratch);
 *          mc_matcher_free(matcher);
 *          mc_metadata_free(metadata);
 *          return 0;
 *      }
 *
 *  Rules that hold everywhere: functions answer with mc_status (error.h); `const x *` is lent for
 *  the call; `x **out` hands over, and is written only on success; every _free and _release takes
 *  NULL; what is called immutable may be shared by threads, everything else belongs to one. */
#ifndef METACLIP_H
#define METACLIP_H

#include "metaclip/base.h"
#include "metaclip/checkpoint.h"
#include "metaclip/classify.h"
#include "metaclip/corpus.h"
#include "metaclip/curate.h"
#include "metaclip/embed.h"
#include "metaclip/error.h"
#include "metaclip/eval.h"
#include "metaclip/image.h"
#include "metaclip/info.h"
#include "metaclip/io.h"
#include "metaclip/metadata.h"
#include "metaclip/model.h"
#include "metaclip/models.h"
#include "metaclip/search.h"
#include "metaclip/text.h"
#include "metaclip/tokenizer.h"
#include "metaclip/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library, "0.1.0". */
MC_API const char *mc_version(void);

#ifdef __cplusplus
}
#endif
#endif
