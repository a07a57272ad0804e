/* Urls as nearly all are: joining them with a base is putting something before them, or nothing. */
#ifndef MCI_IO_URL_PLAIN_H
#define MCI_IO_URL_PLAIN_H

#include "metaclip/base.h"

typedef enum {
    MCI_URL_ODD,         /* mci_url_join must look at it */
    MCI_URL_WHOLE,       /* http://host/...: stays as it is */
    MCI_URL_FROM_ROOT,   /* /...: scheme://host comes before it */
    MCI_URL_FROM_FOLDER, /* what a base url has up to its last slash comes before it */
} mci_url_kind;

/* What url is to a base that is http:// or https:// with a host. Says odd in doubt. */
mci_url_kind mci_url_kind_of(mc_str url);

#endif
