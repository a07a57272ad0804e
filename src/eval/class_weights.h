/* The directions of classes that may have several names: the mean of all their normalised prompts,
 * normalised. For a class of one name it is what mc_classifier_new makes. */
#ifndef MCI_EVAL_CLASS_WEIGHTS_H
#define MCI_EVAL_CLASS_WEIGHTS_H

#include "eval/phrases.h"
#include "metaclip/model.h"
#include "metaclip/tokenizer.h"

enum { MCI_MOST_CLASS_PROMPTS = 1 << 16 };

/* out f32 [class_names->n_groups, D]. Every template has "{}" or "{c}", where a name goes.
 * Errors: MC_E_LIMIT (a class of more than MCI_MOST_CLASS_PROMPTS prompts), MC_E_NOMEM,
 * MC_E_BACKEND, MC_E_ARG (no text tower). */
mc_status mci_class_weights(mc_clip_ctx *ctx, const mc_tokenizer *tokenizer,
                            const mci_phrases *class_names, const mci_phrases *templates,
                            float *out, mc_error *err);

/* The template with the name in its place, every one of them, into out (cleared first). */
mc_status mci_fill_template(mc_str template, mc_str name, mci_buf *out, mc_error *err);

#endif
