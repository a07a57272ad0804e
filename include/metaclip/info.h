/** What a file is and what it holds, in words. */
#ifndef METACLIP_INFO_H
#define METACLIP_INFO_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MC_MAX_FACTS = 32 };

/** What the value of a fact is, all of them being texts: for those who put them into other forms.
 */
typedef enum {
    MC_FACT_TEXT,
    MC_FACT_COUNT, /* a whole number in decimal */
    MC_FACT_YES_NO /* "yes" or "no" */
} mc_fact_type;

typedef struct {
    char kind[48]; /* "metadata", "entry counts", "pairs", "data card", "CLIP model", ... */
    struct {
        char name[48], value[208];
        mc_fact_type type;
    } facts[MC_MAX_FACTS]; /* several may be called "note" */
    size_t n_facts;
} mc_info;

#ifdef __cplusplus
}
#endif
#endif
