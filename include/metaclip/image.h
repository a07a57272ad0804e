/** Images as CLIP's models want them: decoded, resized, cropped, normalised, the same bytes as
 * Pillow and torchvision give wherever the decoders give the same (docs/preprocess.md).
 *
 *      mc_image_options options = mc_image_options_clip(224);
 *      mc_image_scratch *scratch = NULL;
 *      mc_status status = mc_image_scratch_new(&scratch, &err);
 *      if (status == MC_OK)
 *          status = mc_image_prepare(scratch, &options, file, pixels, &err);
 *      mc_image_scratch_free(scratch);
 *
 *  JPEG, PNG and WebP are decoded; other formats are named in the error. Of an animation the first
 *  picture is taken. */
#ifndef METACLIP_IMAGE_H
#define METACLIP_IMAGE_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How pixels are found when the size changes; the numbers are Pillow's, which Hugging Face's
 *  preprocessor files have as "resample". All but the first are antialiased. */
typedef enum {
    MC_RESAMPLE_NEAREST = 0,
    MC_RESAMPLE_LANCZOS = 1,
    MC_RESAMPLE_BILINEAR = 2,
    MC_RESAMPLE_BICUBIC = 3, /* a = -1/2 */
    MC_RESAMPLE_BOX = 4,
    MC_RESAMPLE_HAMMING = 5
} mc_resample;

typedef struct {
    /** What is resized to: the shortest side to `shortest`, the other by the image's shape (then a
     *  crop is needed); or, if both are not 0, exactly width x height. */
    unsigned shortest, width, height;
    /** The crop from the middle; both 0: none. Where an image is smaller, black is added. */
    unsigned crop_width, crop_height;
    mc_resample resample;
    /** False: the image becomes RGB before it is resized, as in evaluation and at Hugging Face.
     *  True: after the crop, as the original's training did. It differs for palettes, alpha, CMYK
     *  and 16-bit grey. */
    bool rgb_last;
    bool exif; /* turn as the file's EXIF orientation says; the original does not */
    /** Let a JPEG be decoded at 1/2, 1/4 or 1/8 while its sides stay at least twice those resized
     *  to. Faster, but other pixels. */
    bool shrink;
    double rescale; /* the pixels' bytes are multiplied by this; 0: divided by 255 */
    float mean[3], std[3];
    uint64_t max_pixels; /* of one image; 0: 178,956,970, where Pillow refuses */
    uint64_t max_bytes;  /* of memory for one image; 0: 2 GiB */
} mc_image_options;

/** CLIP's: the shortest side and the crop are `size`, bicubic, RGB first, mean and standard
 *  deviation of CLIP. Source: Radford et al. 2021, arXiv:2103.00020, and the models' own files. */
MC_API mc_image_options mc_image_options_clip(unsigned size);

/** The width and height that come out. Errors: MC_E_ARG, saying which of the options contradict
 *  each other or are out of range (sides are 1 to 16,384). */
MC_API mc_status mc_image_out_size(const mc_image_options *options, unsigned *width,
                                   unsigned *height, mc_error *err);

/** Memory for one image after another; one thread at a time. */
typedef struct mc_image_scratch mc_image_scratch;
MC_API mc_status mc_image_scratch_new(mc_image_scratch **out, mc_error *err);
MC_API void mc_image_scratch_free(mc_image_scratch *scratch);

/** Prepares one image for a model.
 *
 *  file    the bytes of an image file
 *  pixels  f32 [3, H, W], caller's buffer: red, green, blue; (byte / 255 - mean) / std in float32
 *
 *  Errors: MC_E_FORMAT (no image, of another format, damaged, cut short), MC_E_LIMIT, MC_E_ARG
 *  (options), MC_E_NOMEM; pixels are then undefined. */
MC_API mc_status mc_image_prepare(mc_image_scratch *scratch, const mc_image_options *options,
                                  mc_str file, float *pixels, mc_error *err);

/** The same before it is normalised: bytes u8 [H, W, 3]. */
MC_API mc_status mc_image_prepare_u8(mc_image_scratch *scratch, const mc_image_options *options,
                                     mc_str file, uint8_t *bytes, mc_error *err);

/** A whole image as it is, converted to RGB: *bytes is u8 [*height, *width, 3] (free with mc_free).
 *  Of the options exif, max_pixels and max_bytes count. Errors: as above. */
MC_API mc_status mc_image_decode(mc_image_scratch *scratch, const mc_image_options *options,
                                 mc_str file, uint8_t **bytes, unsigned *width, unsigned *height,
                                 mc_error *err);

/* ---------------------------------------------------------------------------------------------
 * Many images into one array
 * ------------------------------------------------------------------------------------------ */

enum { MC_MAX_IMAGE_PROBLEMS = 8 };

typedef struct {
    uint64_t n_inputs;      /* images found, and inputs that gave none */
    uint64_t n_prepared;    /* rows */
    uint64_t n_failed;      /* inputs without a row */
    uint64_t n_passed_over; /* files of folders, members of tars, that are not named as images */
    unsigned width, height;
    char problems[MC_MAX_IMAGE_PROBLEMS][508]; /* the first few failures: "input: reason" */
    size_t n_problems;
    double seconds;
} mc_preprocess_summary;

typedef struct {
    /** Files, whatever they are named; folders, with all below them in the order of names; tars
     *  (webdataset). "-" is standard input: a tar or one image. */
    const char *const *inputs;
    size_t n_inputs;
    /** The array: .npy, float32 [n, 3, H, W], or uint8 [n, H, W, 3] with u8. Rows are in the order
     *  of inputs; one that fails has no row. */
    const char *out_path;
    /** A line of JSON for each input: {"row":N,"input":NAME}, or {"row":null,"input":NAME,
     *  "error":WHY}. NULL: out_path with ".inputs.jsonl" behind it. */
    const char *list_path;
    mc_image_options options;
    bool u8;
    bool strict;              /* the first failure ends it, and nothing appears */
    unsigned n_threads;       /* 0: one a processor */
    uint64_t max_image_bytes; /* a longer file fails; 0: 64 MiB */
    mc_hooks hooks;           /* warn: each failure */
} mc_preprocess_job;

/** Errors: MC_E_ARG, MC_E_IO (the outputs), MC_E_NOMEM; with strict the first failure's. Both files
 *  appear when they are whole. */
MC_API mc_status mc_preprocess_run(const mc_preprocess_job *job, mc_preprocess_summary *summary,
                                   mc_error *err);
/** The summary as one JSON object on one line (free with mc_free). */
MC_API mc_status mc_preprocess_summary_json(const mc_preprocess_summary *summary, char **out,
                                            mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
