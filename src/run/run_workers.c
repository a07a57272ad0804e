#include "run/run_workers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"

enum { BEAT_SECONDS = 5, GONE_AFTER_SECONDS = 60 };

typedef struct {
    char text[128]; /* HOST-PID */
} worker_id;

struct mci_workers {
    const mci_run_folder *folder;
    worker_id id;
    mci_buf path; /* of this worker's file */
    pthread_t beat;
    pthread_mutex_t lock;
    pthread_cond_t leaving;
    bool has_beat, is_leaving; /* is_leaving: under lock */
};

/* Both kinds of files are symbolic links to nowhere: made, with a text, in one step, which fails if
 * the name is there. */

/* ---- who lives ---- */

static void set_id(worker_id *id)
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    for (char *c = host; *c; c++)
        if (*c == '/')
            *c = '_';
    snprintf(id->text, sizeof id->text, "%s-%ld", host[0] ? host : "host", (long)getpid());
}

/* The process id in a worker's id if it is of this host, else 0. */
static pid_t local_pid(const mci_workers *workers, const char *id)
{
    const char *own_dash = strrchr(workers->id.text, '-'), *dash = strrchr(id, '-');
    size_t n = (size_t)(own_dash - workers->id.text) + 1;
    if (!dash || strncmp(id, workers->id.text, n) != 0 || dash != id + n - 1)
        return 0;
    return (pid_t)strtol(dash + 1, NULL, 10);
}

/* One that died is still there until its parent looks at it, which in a container may take long. */
static bool is_zombie(pid_t pid)
{
    char path[48], stat[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, stat, sizeof stat - 1);
    close(fd);
    const char *behind_name = n > 0 ? strrchr(stat, ')') : NULL;
    return behind_name &&
           (behind_name[1] == ' ' && (behind_name[2] == 'Z' || behind_name[2] == 'X'));
}

static bool is_gone(pid_t pid)
{
    return (kill(pid, 0) != 0 && errno == ESRCH) || is_zombie(pid);
}

/* Times are compared as the folder's file system gives them: this worker's last beat is "now", so
 * that clocks of several machines need not agree. */
static bool lives(mci_workers *workers, const char *id)
{
    struct stat own, other;
    mci_buf path = { 0 };
    if (mci_run_file(workers->folder, "state/workers/", &path, NULL) < 0 ||
        mci_buf_printf(&path, NULL, "%s", id) < 0) {
        mci_buf_release(&path);
        return true; /* who cannot look must not take over */
    }
    bool there = lstat(path.data, &other) == 0;
    mci_buf_release(&path);
    if (!there)
        return false;
    pid_t pid = local_pid(workers, id);
    if (pid > 0 && is_gone(pid))
        return false;
    if (lstat(workers->path.data, &own) != 0)
        return true;
    return own.st_mtim.tv_sec - other.st_mtim.tv_sec < GONE_AFTER_SECONDS;
}

static void *beat(void *argument)
{
    mci_workers *workers = argument;
    pthread_mutex_lock(&workers->lock);
    while (!workers->is_leaving) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += BEAT_SECONDS;
        pthread_cond_timedwait(&workers->leaving, &workers->lock, &until);
        utimensat(AT_FDCWD, workers->path.data, NULL, AT_SYMLINK_NOFOLLOW);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

/* ---- joining ---- */

/* Calls `look` for the id of every other worker that lives. */
typedef mc_status look_fn(void *user, const char *id, const char *path, mc_error *err);

static mc_status look_at_others(mci_workers *workers, look_fn *look, void *user, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_file(workers->folder, "state/workers", &path, err);
    DIR *dir = status < 0 ? NULL : opendir(path.data);
    if (status >= 0 && !dir)
        status = mci_fail_errno(err, path.data, "cannot open it");
    size_t len = path.len;
    for (struct dirent *it; status >= 0 && (it = readdir(dir));) {
        if (it->d_name[0] == '.' || strcmp(it->d_name, workers->id.text) == 0)
            continue;
        path.len = len;
        status = mci_buf_printf(&path, err, "/%s", it->d_name);
        if (status >= 0 && lives(workers, it->d_name))
            status = look(user, it->d_name, path.data, err);
        else if (status >= 0)
            unlink(path.data); /* of one that is gone */
    }
    if (dir)
        closedir(dir);
    mci_buf_release(&path);
    return status;
}

static mc_status compare_options(void *user, const char *id, const char *path, mc_error *err)
{
    char options[MC_SHA256_DIGITS + 1];
    ssize_t n = readlink(path, options, sizeof options - 1);
    if (n < 0)
        return MC_OK; /* it has just left */
    options[n] = '\0';
    if (strcmp(options, (const char *)user) == 0)
        return MC_OK;
    return mc_fail(err, MC_E_MISMATCH,
                   "another run with other options or inputs is working in this folder (%s)", id);
}

/* The worker that a claim names; false if there is no such claim (any more). */
static bool read_owner(const char *path, worker_id *owner)
{
    ssize_t n = readlink(path, owner->text, sizeof owner->text - 1);
    if (n >= 0)
        owner->text[n] = '\0';
    return n >= 0;
}

/* Removes the claims of workers that are gone: one may have died between finishing a unit and
 * giving it back. Claims in this worker's own name are of one that had the same process id before,
 * as happens in containers: nobody else would ever give them up. */
static mc_status drop_old_claims(mci_workers *workers, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_file(workers->folder, "state/claims", &path, err);
    DIR *dir = status < 0 ? NULL : opendir(path.data); /* not there before the first claim */
    size_t len = path.len;
    for (struct dirent *it; dir && status >= 0 && (it = readdir(dir));) {
        worker_id owner;
        path.len = len;
        status = mci_buf_printf(&path, err, "/%s", it->d_name);
        if (status >= 0 && read_owner(path.data, &owner) &&
            (strcmp(owner.text, workers->id.text) == 0 || !lives(workers, owner.text)))
            unlink(path.data);
    }
    if (dir)
        closedir(dir);
    mci_buf_release(&path);
    return status;
}

static mc_status join(mci_workers *workers, const char *options, mc_error *err)
{
    set_id(&workers->id);
    MC_TRY(mci_run_file(workers->folder, "state/workers/", &workers->path, err));
    MC_TRY(mci_buf_printf(&workers->path, err, "%s", workers->id.text));
    MC_TRY(mci_make_folders(workers->path.data, err));
    MC_TRY(drop_old_claims(workers, err));
    unlink(workers->path.data);
    if (symlink(options, workers->path.data) != 0)
        return mci_fail_errno(err, workers->path.data, "cannot create it");
    MC_TRY(look_at_others(workers, compare_options, (void *)options, err));
    if (pthread_create(&workers->beat, NULL, beat, workers) != 0)
        return mc_fail(err, MC_E_BACKEND, "cannot start a thread");
    workers->has_beat = true;
    return MC_OK;
}

mc_status mci_workers_join(const mci_run_folder *folder, const char *options, mci_workers **out,
                           mc_error *err)
{
    mci_workers *workers = mci_alloc_zeroed(1, sizeof *workers);
    if (!workers)
        return mci_nomem(err, sizeof *workers);
    workers->folder = folder;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->leaving, NULL);
    mc_status status = join(workers, options, err);
    if (status < 0) {
        mci_workers_leave(workers);
        return mc_add_context(err, status, "%s", folder->dir);
    }
    *out = workers;
    return MC_OK;
}

void mci_workers_leave(mci_workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->is_leaving = true;
    pthread_cond_signal(&workers->leaving);
    pthread_mutex_unlock(&workers->lock);
    if (workers->has_beat)
        pthread_join(workers->beat, NULL);
    if (workers->path.data)
        unlink(workers->path.data); /* with it go its claims: nobody is left who holds them */
    pthread_cond_destroy(&workers->leaving);
    pthread_mutex_destroy(&workers->lock);
    mci_buf_release(&workers->path);
    mci_free(workers);
}

static mc_status count_one(void *user, const char *id, const char *path, mc_error *err)
{
    (void)id;
    (void)path;
    (void)err;
    ++*(size_t *)user;
    return MC_OK;
}

mc_status mci_workers_alone(mci_workers *workers, bool *out, mc_error *err)
{
    size_t n = 0;
    MC_TRY(look_at_others(workers, count_one, &n, err));
    *out = n == 0;
    return MC_OK;
}

/* ---- claims ---- */

static mc_status claim_path(const mci_workers *workers, const char *step, mc_str name,
                            mci_buf *path, mc_error *err)
{
    MC_TRY(mci_run_file(workers->folder, "state/claims/", path, err));
    MC_TRY(mci_buf_printf(path, err, "%s-%.*s", step, (int)name.len, name.data));
    return mci_make_folders(path->data, err);
}

/* Removes a claim if its worker is gone. */
static void remove_if_dead(mci_workers *workers, const char *path)
{
    worker_id owner;
    if (read_owner(path, &owner) && strcmp(owner.text, workers->id.text) != 0 &&
        !lives(workers, owner.text))
        unlink(path);
}

static mc_status try_path(mci_workers *workers, const char *path, bool *got, mc_error *err)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        *got = symlink(workers->id.text, path) == 0;
        if (*got)
            return MC_OK;
        if (errno != EEXIST)
            return mci_fail_errno(err, path, "cannot create it");
        remove_if_dead(workers, path);
    }
    return MC_OK;
}

mc_status mci_claim(mci_workers *workers, const char *step, mc_str name, bool *got, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = claim_path(workers, step, name, &path, err);
    if (status >= 0)
        status = try_path(workers, path.data, got, err);
    mci_buf_release(&path);
    return status;
}

mc_status mci_claim_wait(mci_workers *workers, const char *step, mc_str name, mc_error *err)
{
    bool got = false;
    for (;;) {
        MC_TRY(mci_claim(workers, step, name, &got, err));
        if (got)
            return MC_OK;
        usleep(MCI_WORKERS_WAIT_US);
    }
}

void mci_claim_release(mci_workers *workers, const char *step, mc_str name)
{
    /* Not from the heap: a claim that is not given back would keep others waiting. */
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/state/claims/%s-%.*s", workers->folder->dir, step,
             (int)name.len, name.data);
    unlink(path);
}
