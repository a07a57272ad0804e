/* Which entries of the metadata does a caption hold?
 *     match_caption metadata.json "a red car on the road"
 * Prints "id entry", one a line. */
#include <metaclip/metaclip.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    const uint32_t *ids;
    size_t n;
    if (argc != 3)
        return fprintf(stderr, "usage: match_caption METADATA CAPTION\n"), 2;
    if (mc_metadata_load(argv[1], &metadata, &err) < 0 ||
        mc_matcher_new(mc_metadata_entries(metadata), mc_metadata_len(metadata), &matcher, &err) <
            0 ||
        mc_match_scratch_new(&scratch, &err) < 0 ||
        mc_match(matcher, scratch, mc_str_of(argv[2]), &ids, &n, &err) < 0)
        return fprintf(stderr, "match_caption: %s\n", err.text), 1;
    for (size_t i = 0; i < n; i++) {
        mc_str entry = mc_metadata_entry(metadata, ids[i]);
        printf("%u %.*s\n", ids[i], (int)entry.len, entry.data);
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    mc_metadata_free(metadata);
    return 0;
}
