/* A small HTTP server for tests of downloading: a child process on 127.0.0.1 that serves a few
 * files from memory, and misbehaves as it is told. What it is told stands in memory that both
 * share, so a test may change it between requests. */
#ifndef METACLIP_TESTS_HTTP_SERVER_H
#define METACLIP_TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { SERVER_FILES = 16, SERVER_BYTES = 1 << 20 };

typedef struct {
    char path[200];
    char etag[96];      /* with its quotes; "" none */
    char redirect[200]; /* Location; "" none */
    size_t at, len;     /* in bytes[] */
} served_file;

typedef struct {
    int port;
    pid_t pid;
    served_file files[SERVER_FILES];
    size_t n_files, n_bytes;
    char bytes[SERVER_BYTES];
    /* ---- how it behaves ---- */
    bool no_ranges;      /* always the whole file */
    bool no_length;      /* no Content-Length: the end is where the connection ends */
    bool trusts_ranges;  /* takes a range whatever If-Range says */
    bool shifts_ranges;  /* sends a range from another place than was asked for, and says so */
    size_t cut_below;    /* breaks off after a random number of bytes below it, if not 0 */
    unsigned cut_share;  /* ... in this many of 4 answers */
    unsigned n_refusals; /* the next ones get `refusal` in place of an answer */
    int refusal;
    char last_modified[64]; /* "" none */
    char linked[96];        /* X-Linked-ETag; "" none */
    uint64_t seed;
    /* ---- what it saw ---- */
    unsigned n_requests;
    size_t n_sent; /* bytes of bodies */
    char last_range[64];
} server;

/* ---- the child ---- */

static inline void server_send(int fd, const char *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t done = write(fd, bytes + at, n - at);
        if (done <= 0)
            return;
        at += (size_t)done;
    }
}

/* The value of a request's header, or "". */
static inline void server_header(const char *request, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    out[0] = '\0';
    for (const char *line = strchr(request, '\n'); line; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, name, n) == 0 && line[1 + n] == ':') {
            const char *value = line + 1 + n + 1 + strspn(line + 2 + n, " ");
            snprintf(out, size, "%.*s", (int)strcspn(value, "\r\n"), value);
            return;
        }
    }
}

static inline const served_file *server_find(const server *s, const char *request)
{
    for (size_t i = 0; i < s->n_files; i++) {
        size_t n = strlen(s->files[i].path);
        if (strncmp(request, "GET ", 4) == 0 && strncmp(request + 4, s->files[i].path, n) == 0 &&
            request[4 + n] == ' ')
            return &s->files[i];
    }
    return NULL;
}

static inline void server_answer(server *s, int fd, const served_file *file, const char *request)
{
    char head[2048], range[64], if_range[128];
    test_random random = { s->seed };
    size_t from = 0, used = 0;
    server_header(request, "Range", range, sizeof range);
    server_header(request, "If-Range", if_range, sizeof if_range);
    memcpy(s->last_range, range, sizeof range);
    bool same = s->trusts_ranges || !if_range[0] || strcmp(if_range, file->etag) == 0 ||
                strcmp(if_range, s->last_modified) == 0;
    bool ranged = range[0] && !s->no_ranges && same;
    if (ranged)
        from = strtoul(range + strlen("bytes="), NULL, 10);
    if (ranged && s->shifts_ranges)
        from = from / 2;
    if (ranged && from >= file->len) {
        used +=
            (size_t)snprintf(head, sizeof head,
                             "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */%zu\r\n"
                             "Content-Length: 0\r\nConnection: close\r\n\r\n",
                             file->len);
        server_send(fd, head, used);
        return;
    }
    used +=
        (size_t)snprintf(head + used, sizeof head - used, "HTTP/1.1 %s\r\nConnection: close\r\n",
                         ranged ? "206 Partial Content" : "200 OK");
    if (file->etag[0])
        used += (size_t)snprintf(head + used, sizeof head - used, "ETag: %s\r\n", file->etag);
    if (s->last_modified[0])
        used += (size_t)snprintf(head + used, sizeof head - used, "Last-Modified: %s\r\n",
                                 s->last_modified);
    if (s->linked[0])
        used +=
            (size_t)snprintf(head + used, sizeof head - used, "X-Linked-ETag: %s\r\n", s->linked);
    if (ranged)
        used += (size_t)snprintf(head + used, sizeof head - used,
                                 "Content-Range: bytes %zu-%zu/%zu\r\n", from, file->len - 1,
                                 file->len);
    if (!s->no_length)
        used += (size_t)snprintf(head + used, sizeof head - used, "Content-Length: %zu\r\n",
                                 file->len - from);
    used += (size_t)snprintf(head + used, sizeof head - used, "\r\n");
    size_t n = file->len - from;
    if (s->cut_below && test_below(&random, 4) < s->cut_share) {
        size_t cut = test_below(&random, s->cut_below);
        n = cut < n ? cut : n;
    }
    s->seed = random.state;
    server_send(fd, head, used);
    server_send(fd, s->bytes + file->at + from, n);
    s->n_sent += n;
}

static inline void server_serve(server *s, int fd)
{
    char request[8192], head[512];
    size_t len = 0;
    while (len < sizeof request - 1) {
        ssize_t n = read(fd, request + len, sizeof request - 1 - len);
        if (n <= 0)
            return;
        len += (size_t)n;
        request[len] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    s->n_requests++;
    const served_file *file = server_find(s, request);
    if (s->n_refusals) {
        s->n_refusals--;
        snprintf(head, sizeof head,
                 "HTTP/1.1 %d No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n",
                 s->refusal);
        server_send(fd, head, strlen(head));
    } else if (!file) {
        static const char none[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n"
                                   "Connection: close\r\n\r\nnone\n";
        server_send(fd, none, sizeof none - 1);
    } else if (file->redirect[0]) {
        snprintf(head, sizeof head,
                 "HTTP/1.1 302 Found\r\nLocation: %s\r\n%s%s%sContent-Length: 0\r\n"
                 "Connection: close\r\n\r\n",
                 file->redirect, s->linked[0] ? "X-Linked-ETag: " : "", s->linked,
                 s->linked[0] ? "\r\n" : "");
        server_send(fd, head, strlen(head));
    } else {
        server_answer(s, fd, file, request);
    }
}

/* ---- the test's side ---- */

static inline server *server_start(void)
{
    server *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s != MAP_FAILED);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    s->port = ntohs(address.sin_port);
    pid_t pid = fork(); /* not into *s, which the child shares */
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies takes it along */
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            if (fd < 0)
                _exit(1);
            server_serve(s, fd);
            /* The client has asked for nothing more: an end, not a reset. */
            shutdown(fd, SHUT_WR);
            close(fd);
        }
    }
    close(listener);
    s->pid = pid;
    return s;
}

static inline void server_stop(server *s)
{
    assert_true(s->pid > 0);
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    munmap(s, sizeof *s);
}

/* Serves len bytes under path. etag has its quotes; "" for none. */
static inline served_file *server_add(server *s, const char *path, const void *bytes, size_t len,
                                      const char *etag)
{
    served_file *file = &s->files[s->n_files];
    assert_true(s->n_files < SERVER_FILES && len <= SERVER_BYTES - s->n_bytes);
    *file = (served_file){ .at = s->n_bytes, .len = len };
    snprintf(file->path, sizeof file->path, "%s", path);
    snprintf(file->etag, sizeof file->etag, "%s", etag);
    if (len)
        memcpy(s->bytes + s->n_bytes, bytes, len);
    s->n_bytes += len;
    s->n_files++;
    return file;
}

static inline served_file *server_redirect(server *s, const char *path, const char *to)
{
    served_file *file = server_add(s, path, NULL, 0, "");
    snprintf(file->redirect, sizeof file->redirect, "%s", to);
    return file;
}

#endif
