#include "io/html_walk.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "io/html_links.h"

/* A place on the way through the tree: a node and which of its children comes next. */
typedef struct {
    const GumboVector *children;
    unsigned next;
} walk_level;

struct mci_html_walk {
    mci_buf values[MCI_N_IMAGE_ATTRIBUTES], scratch;
    walk_level *levels;
    size_t n_levels, cap_levels;
};

mc_status mci_html_walk_new(mci_html_walk **out, mc_error *err)
{
    mci_html_walk *walk = mci_alloc_zeroed(1, sizeof *walk);
    if (!walk)
        return mci_nomem(err, sizeof *walk);
    *out = walk;
    return MC_OK;
}

void mci_html_walk_free(mci_html_walk *walk)
{
    if (!walk)
        return;
    for (size_t i = 0; i < COUNT_OF(walk->values); i++)
        mci_buf_release(&walk->values[i]);
    mci_buf_release(&walk->scratch);
    mci_free(walk->levels);
    mci_free(walk);
}

/* The values of the attributes with these names. Gumbo makes any byte of &#4294967295; and the
 * like: what is not UTF-8 then becomes U+FFFD. */
static mc_status read_values(mci_html_walk *walk, const GumboVector *attributes,
                             const char *const *names, size_t n, mc_str *values, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const GumboAttribute *attribute = gumbo_get_attribute(attributes, names[i]);
        values[i] = mc_str_of(attribute ? attribute->value : NULL);
        if (mci_utf8_valid(values[i]))
            continue;
        uint64_t n_replaced = 0;
        mci_buf_clear(&walk->values[i]);
        MC_TRY(mci_utf8_repair(values[i], &walk->values[i], &n_replaced, err));
        values[i] = mci_buf_str(&walk->values[i]);
    }
    return MC_OK;
}

static mc_status look_at_element(mci_html_walk *walk, const GumboElement *element, mci_page *page,
                                 mc_error *err)
{
    static const char *const href[] = { "href" };
    mc_str values[MCI_N_IMAGE_ATTRIBUTES];
    if (element->tag_namespace != GUMBO_NAMESPACE_HTML)
        return MC_OK;
    if (element->tag == GUMBO_TAG_BASE) {
        MC_TRY(read_values(walk, &element->attributes, href, 1, values, err));
        return mci_html_set_base(values[0], page, err);
    }
    if (element->tag != GUMBO_TAG_IMG)
        return MC_OK;
    MC_TRY(read_values(walk, &element->attributes, mci_image_attributes, COUNT_OF(values), values,
                       err));
    return mci_html_add_image(values, &walk->scratch, page, err);
}

/* ---- the tree, without recursion ---- */

static mc_status enter(mci_html_walk *walk, const GumboVector *children, mc_error *err)
{
    void *levels = walk->levels;
    MC_TRY(mci_grow(&levels, &walk->cap_levels, walk->n_levels + 1, sizeof(walk_level), err));
    walk->levels = levels;
    walk->levels[walk->n_levels++] = (walk_level){ .children = children };
    return MC_OK;
}

mc_status mci_html_walk_images(mci_html_walk *walk, const GumboNode *document, mci_page *page,
                               mc_error *err)
{
    walk->n_levels = 0;
    MC_TRY(enter(walk, &document->v.document.children, err));
    while (walk->n_levels > 0) {
        walk_level *level = &walk->levels[walk->n_levels - 1];
        if (level->next == level->children->length) {
            walk->n_levels--;
            continue;
        }
        const GumboNode *node = level->children->data[level->next++];
        if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE)
            continue;
        MC_TRY(look_at_element(walk, &node->v.element, page, err));
        MC_TRY(enter(walk, &node->v.element.children, err));
    }
    return MC_OK;
}
