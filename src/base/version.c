#include "metaclip/metaclip.h"

const char *mc_version(void)
{
    return METACLIP_VERSION;
}
