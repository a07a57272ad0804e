/** How calls of libmetaclip answer: a status to branch on, a text to read.
 *
 *  Zero is success. Negatives are failures. Positives are answers of `_next` functions: MC_END
 *  (nothing is left) and MC_SKIPPED (this item is unusable; the reader stands at the next one).
 *  One broken item never ends a file: count it and go on. */
#ifndef METACLIP_ERROR_H
#define METACLIP_ERROR_H

#if defined(__GNUC__)
#define MC_API               __attribute__((visibility("default")))
#define MC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define MC_API
#define MC_PRINTF(fmt, args)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, text) */
#define MC_STATUS_LIST(X)                             \
    X(OK, 0, "ok")                                    \
    X(END, 1, "end of data")                          \
    X(SKIPPED, 2, "item skipped")                     \
    X(E_ARG, -1, "wrong argument")                    \
    X(E_NOMEM, -2, "out of memory")                   \
    X(E_IO, -3, "input or output failed")             \
    X(E_FORMAT, -4, "damaged or unknown data")        \
    X(E_SHAPE, -5, "wrong shape or type")             \
    X(E_BACKEND, -6, "a library or device failed")    \
    X(E_MISMATCH, -7, "these do not belong together") \
    X(E_LIMIT, -8, "a limit was passed")

typedef enum {
#define X(name, value, text) MC_##name = value,
    MC_STATUS_LIST(X)
#undef X
} mc_status;

/** Lives on the caller's stack; every function that takes one also takes NULL. */
typedef struct {
    mc_status status;
    char text[508]; /* one line, NUL-terminated, empty if nothing failed */
} mc_error;

/** The constant text of a status, e.g. "out of memory". Never NULL. */
MC_API const char *mc_status_text(mc_status status);

/** Writes status and text into err (if not NULL) and returns status, so that it sits in a
 *  `return`. For callbacks too, which report their failures the same way. */
MC_API mc_status mc_fail(mc_error *err, mc_status status, const char *format, ...) MC_PRINTF(3, 4);

/** Puts "where it was: " before the text in err, unless that stands there already, and returns
 *  status. */
MC_API mc_status mc_add_context(mc_error *err, mc_status status, const char *format, ...)
    MC_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
