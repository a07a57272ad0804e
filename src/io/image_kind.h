/* What an image file is by its first bytes; its name is not believed. */
#ifndef MCI_IO_IMAGE_KIND_H
#define MCI_IO_IMAGE_KIND_H

#include "metaclip/base.h"

typedef enum {
    MCI_IMAGE_NONE, /* no image that we know */
    MCI_IMAGE_JPEG,
    MCI_IMAGE_PNG,
    MCI_IMAGE_WEBP,
    MCI_IMAGE_OTHER, /* an image, of a format that training sets are not made of */
} mci_image_kind;

enum { MCI_IMAGE_LOOK = 512 }; /* bytes that are enough to tell */

/* *name, if not NULL, is set to the format's name ("JPEG", "GIF", ...), for MCI_IMAGE_NONE to what
 * the bytes look like instead ("HTML", "text", ...) or to NULL. start may be shorter. */
mci_image_kind mci_image_kind_of(mc_str start, const char **name);

/* Whether a file's name ends as those of images do, whatever their format. */
bool mci_is_image_name(mc_str name);

#endif
