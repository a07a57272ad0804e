/* The templates of share/prompts, which cmake/share.cmake makes a table of. */
#include "base/error.h"
#include "metaclip/eval.h"

static const struct {
    const char *name, *text;
} sets[] = {
#include "eval/prompt_sets.inc"
};

const char *mc_prompt_set(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(sets); i++)
        if (strcmp(sets[i].name, name) == 0)
            return sets[i].text;
    return NULL;
}

const char *mc_prompt_set_name(size_t i)
{
    return i < COUNT_OF(sets) ? sets[i].name : NULL;
}
