/* How well texts fit an image:   compare MODEL IMAGE TEXT... */
#include <metaclip/metaclip.h>
#include <stdio.h>
#include <stdlib.h>

static mc_status compare(const char *model, const char *image, char **texts, int n, mc_error *err)
{
    mc_clip *clip = NULL;
    mc_clip_ctx *ctx = NULL;
    mc_tokenizer *tokenizer = NULL;
    float *a = NULL, *b = NULL, logit;
    mc_status status = mc_clip_open(model, NULL, &clip, err);
    if (status >= 0)
        status = mc_clip_tokenizer_open(clip, NULL, MC_RULE_AUTO, &tokenizer, err);
    if (status >= 0)
        status = mc_clip_ctx_new(clip, NULL, &ctx, err);
    if (status >= 0) {
        mc_clip_facts facts = mc_clip_facts_of(clip);
        a = malloc(facts.embed_dim * sizeof *a);
        b = malloc(facts.embed_dim * sizeof *b);
        status = mc_embed_image(ctx, image, a, err);
        for (int i = 0; status >= 0 && i < n; i++) {
            status = mc_embed_text(ctx, tokenizer, mc_str_of(texts[i]), b, err);
            mc_features_logits(a, 1, b, 1, facts.embed_dim, 1.0f, &logit);
            if (status >= 0)
                printf("%.4f  %s\n", (double)logit, texts[i]);
        }
    }
    free(a);
    free(b);
    mc_clip_ctx_free(ctx);
    mc_tokenizer_free(tokenizer);
    mc_clip_close(clip);
    return status;
}

int main(int argc, char **argv)
{
    mc_error err = { 0 };
    if (argc < 4)
        return fprintf(stderr, "usage: compare MODEL IMAGE TEXT...\n"), 2;
    if (compare(argv[1], argv[2], argv + 3, argc - 3, &err) < 0)
        return fprintf(stderr, "compare: %s\n", err.text), 1;
    return 0;
}
