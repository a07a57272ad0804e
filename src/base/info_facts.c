#include "base/info_facts.h"

#include <stdarg.h>
#include <stdio.h>

void mci_info_kind(mc_info *info, const char *kind)
{
    snprintf(info->kind, sizeof info->kind, "%s", kind);
}

void mci_info_fact(mc_info *info, const char *name, const char *format, ...)
{
    if (info->n_facts == MC_MAX_FACTS)
        return;
    snprintf(info->facts[info->n_facts].name, sizeof info->facts[0].name, "%s", name);
    va_list args;
    va_start(args, format);
    vsnprintf(info->facts[info->n_facts].value, sizeof info->facts[0].value, format, args);
    va_end(args);
    info->n_facts++;
}

/* The fact that was added, if there was room. */
static void set_type(mc_info *info, size_t n_before, mc_fact_type type)
{
    if (info->n_facts > n_before)
        info->facts[n_before].type = type;
}

void mci_info_count(mc_info *info, const char *name, uint64_t count)
{
    size_t n_before = info->n_facts;
    mci_info_fact(info, name, "%llu", (unsigned long long)count);
    set_type(info, n_before, MC_FACT_COUNT);
}

void mci_info_yes_no(mc_info *info, const char *name, bool is)
{
    size_t n_before = info->n_facts;
    mci_info_fact(info, name, "%s", is ? "yes" : "no");
    set_type(info, n_before, MC_FACT_YES_NO);
}
