/** What a file is and what it holds, in words. */
#ifndef METACLIP_INFO_H
#define METACLIP_INFO_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MC_MAX_FACTS = 32 };

typedef struct {
    char kind[48]; /* "metadata", "entry counts", "pairs", "data card", "CLIP model", ... */
    struct {
        char name[48], value[208];
    } facts[MC_MAX_FACTS];
    size_t n_facts;
} mc_info;

#ifdef __cplusplus
}
#endif
#endif
