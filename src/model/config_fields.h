/* Members of configs: a value of the right kind, the default, or an error that names the member. */
#ifndef MCI_MODEL_CONFIG_FIELDS_H
#define MCI_MODEL_CONFIG_FIELDS_H

#include "model/clip_config.h"

/* An object of a config with its name, for messages; `is_there` is false for one that is missing,
 * whose members all have their defaults. */
typedef struct {
    mci_json_value value;
    const char *name;
    bool is_there;
} mci_config_part;

/* The member `key` as a part. MC_E_FORMAT if it is there, but neither an object nor null. */
mc_status mci_config_part_of(const mci_config_part *from, const char *key, mci_config_part *out,
                             mc_error *err);

/* Whether the member is there and not null. */
bool mci_config_member(const mci_config_part *part, const char *key, mci_json_value *out);

/* Each writes *out: the member's value, or `fallback` if it is missing or null. */
mc_status mci_config_u32(const mci_config_part *part, const char *key, uint32_t fallback,
                         uint32_t *out, mc_error *err);
/* A whole number, or two equal ones in an array: the side of a square. */
mc_status mci_config_side(const mci_config_part *part, const char *key, uint32_t fallback,
                          uint32_t *out, mc_error *err);
mc_status mci_config_double(const mci_config_part *part, const char *key, double fallback,
                            double *out, mc_error *err);
mc_status mci_config_bool(const mci_config_part *part, const char *key, bool fallback, bool *out,
                          mc_error *err);
/* fallback may be NULL; *out is a view into the JSON or of fallback. */
mc_status mci_config_text(const mci_config_part *part, const char *key, const char *fallback,
                          mc_str *out, mc_error *err);
/* Three numbers; *out stays as it is if they are missing. */
mc_status mci_config_triple(const mci_config_part *part, const char *key, float out[3],
                            mc_error *err);

/* "NAME.KEY: " and the sentence, as MC_E_FORMAT. */
mc_status mci_config_wrong(const mci_config_part *part, const char *key, mc_error *err,
                           const char *format, ...) MC_PRINTF(4, 5);
void mci_config_warn(const mci_config_hooks *hooks, const char *format, ...) MC_PRINTF(2, 3);

/* What must be off (missing, null, false, 0, an empty object), or be the text `only`. */
typedef struct {
    const char *key;
    const char *only; /* NULL: must be off */
    const char *why;  /* what a model with it is: "a ResNet" */
} mci_config_refusal;

mc_status mci_config_refuse(const mci_config_part *part, const mci_config_refusal *list, size_t n,
                            mc_error *err);
/* Warns of members that neither `known` (n of them) nor the refusals name. */
void mci_config_warn_unknown(const mci_config_part *part, const char *const *known, size_t n_known,
                             const mci_config_refusal *list, size_t n,
                             const mci_config_hooks *hooks);

#endif
