#include "run/verify_lines.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "io/parquet_out.h"
#include "io/stream.h"
#include "run/verify_rows.h"

/* While both agree, lines are compared as they come and nothing is kept. After a difference, each
 * side has a queue of marks of lines that the other side has not shown:
 *
 *     should be:  B C D            C comes on the other side: B is missing, X and Y should not be
 *     is:         X Y C            there; what stands behind the two C's remains in the queues
 *
 * No mark of one queue is ever equal to one of the other, so only a new mark needs a look. A hash
 * does for that: there was a finding already. */
enum { MAX_MARKS = 1000, NAME_BYTES = 48, FIRST_PEEK = 1 << 12 };

typedef struct {
    mci_hash128 line, name_key; /* name_key: of the whole uuid */
    uint64_t number;            /* in the file, from 1; 0: of a line that should be there */
    char name[NAME_BYTES];      /* the uuid, as far as there is room */
} mark;

typedef struct {
    mark marks[MAX_MARKS];
    size_t n;
} mark_queue;

struct mci_line_check {
    mci_stream *stream; /* one of these two */
    mci_pair_lines *rows;
    const char *shown;
    uint64_t max_bytes;
    size_t shard;
    mci_findings *findings;
    uint64_t n_found;
    uint64_t number; /* lines read */
    bool is_at_end;
    mark_queue wanted, there;
};

mc_status mci_line_check_open(const char *path, const char *shown, uint64_t max_bytes, size_t shard,
                              mci_findings *findings, mci_line_check **out, mc_error *err)
{
    mci_line_check *check = mci_alloc_zeroed(1, sizeof *check);
    if (!check)
        return mci_nomem(err, sizeof *check);
    *check = (mci_line_check){
        .shown = shown, .max_bytes = max_bytes, .shard = shard, .findings = findings
    };
    mc_status status = mci_is_parquet_name(path) ? mci_pair_lines_open(path, &check->rows, err)
                                                 : mci_stream_open(path, &check->stream, err);
    if (status < 0)
        mci_line_check_close(check);
    else
        *out = check;
    return status;
}

void mci_line_check_close(mci_line_check *check)
{
    if (!check)
        return;
    mci_stream_close(check->stream);
    mci_pair_lines_close(check->rows);
    mci_free(check);
}

static uint64_t next_place(mci_line_check *check)
{
    return mci_place(check->shard, check->n_found++);
}

/* ---- reading lines ---- */

/* Passes over the rest of a line that is too long. */
static mc_status skip_long_line(mci_line_check *check, mc_error *err)
{
    mc_str window;
    const char *end = NULL;
    mc_status status = MC_OK;
    mci_found(check->findings, MC_CHECK_draws, next_place(check),
              "%s, line %llu: it is longer than %llu bytes", check->shown,
              (unsigned long long)check->number, (unsigned long long)check->max_bytes);
    while (!end && (status = mci_stream_peek(check->stream, 1, &window, err)) == MC_OK) {
        end = memchr(window.data, '\n', window.len);
        mci_stream_skip(check->stream, end ? (size_t)(end - window.data) + 1 : window.len);
    }
    return status < 0 ? status : MC_OK;
}

/* Shows at least one line in the window, unless it is too long or the stream ends in it. */
static mc_status peek_line(mci_line_check *check, mc_str *line, mc_error *err)
{
    if (check->rows)
        return mci_pair_lines_peek(check->rows, line, err);
    for (size_t want = 1;; want = want * 2 > FIRST_PEEK ? want * 2 : FIRST_PEEK) {
        mc_str window;
        mc_status status = mci_stream_peek(check->stream, want, &window, err);
        if (status != MC_OK)
            return status;
        const char *end = memchr(window.data, '\n', window.len);
        *line = (mc_str){ window.data, end ? (size_t)(end - window.data) + 1 : window.len };
        if (end || window.len < want || window.len > check->max_bytes)
            return MC_OK;
    }
}

static void pass_line(mci_line_check *check, mc_str line)
{
    if (check->rows)
        mci_pair_lines_pass(check->rows);
    else
        mci_stream_skip(check->stream, line.len);
}

/* The next line with its LF, not passed over yet. MC_END. Damage and long lines are findings. */
static mc_status next_line(mci_line_check *check, mc_str *line, mc_error *err)
{
    for (;;) {
        mc_error what = { 0 };
        mc_status status = peek_line(check, line, &what);
        if (status == MC_END)
            return MC_END;
        if (status == MC_SKIPPED) {
            mci_found(check->findings, MC_CHECK_draws, next_place(check), "%s: %s", check->shown,
                      what.text);
            continue;
        }
        if (status < 0) {
            if (err)
                *err = what;
            return mc_add_context(err, status, "%s", check->shown);
        }
        check->number++;
        if (check->rows || line->len <= check->max_bytes)
            return MC_OK;
        MC_TRY(skip_long_line(check, err));
    }
}

/* ---- marks ---- */

/* Who the line speaks of: what stands behind {"uuid":" in the form that we write. */
static mc_str name_in(mc_str line)
{
    static const char start[] = "{\"uuid\":\"";
    size_t n = sizeof start - 1;
    if (line.len < n || memcmp(line.data, start, n) != 0)
        return mc_str_of("?");
    const char *end = memchr(line.data + n, '"', line.len - n);
    return (mc_str){ line.data + n, end ? (size_t)(end - line.data) - n : line.len - n };
}

static mark mark_of(mc_str line, uint64_t number)
{
    mc_str name = name_in(line), nothing = mc_str_of("");
    mark m = { .number = number };
    m.line = mci_hash128_pair(line, nothing);
    m.name_key = mci_hash128_pair(name, nothing);
    size_t n = name.len < NAME_BYTES - 1 ? name.len : NAME_BYTES - 1;
    memcpy(m.name, name.data, n);
    return m;
}

static bool equal(mci_hash128 a, mci_hash128 b)
{
    return a.low == b.low && a.high == b.high;
}

static size_t find_line(const mark_queue *queue, const mark *m)
{
    size_t i = 0;
    while (i < queue->n && !equal(queue->marks[i].line, m->line))
        i++;
    return i;
}

static void drop_first(mark_queue *queue, size_t n)
{
    memmove(queue->marks, queue->marks + n, (queue->n - n) * sizeof *queue->marks);
    queue->n -= n;
}

/* ---- telling ---- */

static void tell_changed(mci_line_check *check, const mark *there)
{
    mci_found(check->findings, MC_CHECK_draws, next_place(check),
              "%s, line %llu: record %s is not what matched/ gives", check->shown,
              (unsigned long long)there->number, there->name);
}

static void tell_extra(mci_line_check *check, const mark *there)
{
    mci_found(check->findings, MC_CHECK_draws, next_place(check),
              "%s, line %llu: record %s is not drawn, or not at this place", check->shown,
              (unsigned long long)there->number, there->name);
}

static void tell_missing(mci_line_check *check, const mark *wanted)
{
    mci_found(check->findings, MC_CHECK_draws, next_place(check),
              "%s: record %s is drawn, but not there, or not at its place", check->shown,
              wanted->name);
}

/* The first marks of both queues will not find their like any more. Two of one record are one
 * finding: its line was changed. */
static void give_up(mci_line_check *check, size_t n_wanted, size_t n_there)
{
    size_t w = 0;
    for (size_t t = 0; t < n_there; t++) {
        const mark *there = &check->there.marks[t];
        size_t same = w;
        while (same < n_wanted && !equal(check->wanted.marks[same].name_key, there->name_key))
            same++;
        if (same == n_wanted) {
            tell_extra(check, there);
            continue;
        }
        for (; w < same; w++)
            tell_missing(check, &check->wanted.marks[w]);
        tell_changed(check, there);
        w++;
    }
    for (; w < n_wanted; w++)
        tell_missing(check, &check->wanted.marks[w]);
    drop_first(&check->wanted, n_wanted);
    drop_first(&check->there, n_there);
}

/* ---- finding together ---- */

static void push(mark_queue *queue, const mark *m)
{
    queue->marks[queue->n++] = *m;
}

/* A full side lets go of its oldest mark, and of one on the other side, so that they stay level. */
static void make_room(mci_line_check *check)
{
    if (check->wanted.n == MAX_MARKS || check->there.n == MAX_MARKS)
        give_up(check, check->wanted.n > 0, check->there.n > 0);
}

static void push_wanted(mci_line_check *check, const mark *m)
{
    size_t at = find_line(&check->there, m);
    if (at < check->there.n) {
        give_up(check, check->wanted.n, at);
        drop_first(&check->there, 1);
        return;
    }
    make_room(check);
    push(&check->wanted, m);
}

static void push_there(mci_line_check *check, const mark *m)
{
    size_t at = find_line(&check->wanted, m);
    if (at < check->wanted.n) {
        give_up(check, at, check->there.n);
        drop_first(&check->wanted, 1);
        return;
    }
    make_room(check);
    push(&check->there, m);
}

/* Reads until the file is as far as what should be in it. */
static mc_status catch_up(mci_line_check *check, mc_error *err)
{
    while (!check->is_at_end && check->there.n < check->wanted.n) {
        mc_str line;
        mc_status status = next_line(check, &line, err);
        MC_TRY(status);
        check->is_at_end = status == MC_END;
        if (check->is_at_end)
            break;
        mark m = mark_of(line, check->number);
        pass_line(check, line);
        push_there(check, &m);
    }
    return MC_OK;
}

mc_status mci_line_check_expect(mci_line_check *check, mc_str line, mc_error *err)
{
    if (check->wanted.n == 0 && check->there.n == 0 && !check->is_at_end) {
        mc_str there;
        mc_status status = next_line(check, &there, err);
        MC_TRY(status);
        check->is_at_end = status == MC_END;
        bool is_same = status == MC_OK && mc_str_equal(line, there);
        mark m = status == MC_OK && !is_same ? mark_of(there, check->number) : (mark){ 0 };
        if (status == MC_OK)
            pass_line(check, there);
        if (is_same)
            return MC_OK;
        if (status == MC_OK)
            push(&check->there, &m);
    }
    mark m = mark_of(line, 0);
    push_wanted(check, &m);
    return catch_up(check, err);
}

mc_status mci_line_check_end(mci_line_check *check, mc_error *err)
{
    mc_str line;
    mc_status status = MC_OK;
    while (!check->is_at_end && (status = next_line(check, &line, err)) == MC_OK) {
        mark m = mark_of(line, check->number);
        pass_line(check, line);
        push_there(check, &m);
    }
    give_up(check, check->wanted.n, check->there.n);
    return status < 0 ? status : MC_OK;
}
