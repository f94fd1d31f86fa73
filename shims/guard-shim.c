/* guard-shim: stands in for a tool, tells the broker what was called, and does what it answers.
 *
 * It knows no policy. The protocol is in PROTOCOL.md. Rules that hold everywhere here:
 *  - whatever goes wrong before the tool runs ends with status 69 (EX_UNAVAILABLE) and nothing run;
 *  - every descriptor of its own is above 2 and close-on-exec, since 0, 1 and 2 may be closed and stay so;
 *  - every size is bounded before it is allocated;
 *  - one thread, so that PR_SET_PDEATHSIG follows the process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard-shim.h"

#define ANSWER_MAX (1u << 20)       /* edits only, never whole argument vectors */

const char *tool = "tool";
static int stderr_open;

void say(const char *format, ...) {
    char line[1024];
    va_list rest;
    if (!stderr_open) return;
    int used = snprintf(line, sizeof line, "guard: ");
    va_start(rest, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, rest);
    va_end(rest);
    if (more < 0) return;
    used += more;
    if (used > (int)sizeof line - 2) used = sizeof line - 2;
    line[used++] = '\n';
    ssize_t ignored = write(2, line, (size_t)used);
    (void)ignored;
}

_Noreturn void unavailable(const char *what, int error) {
    if (error)
        say("%s: %s: %s. Nothing was run.", tool, what, strerror(error));
    else
        say("%s: %s. Nothing was run.", tool, what);
    _exit(UNAVAILABLE);
}

/* Return `fd` moved above 2 and close-on-exec; -1 stays -1. */
int above(int fd) {
    if (fd < 0 || fd > 2) return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    close(fd);
    errno = error;
    return higher;
}

void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory) unavailable("out of memory", ENOMEM);
    return memory;
}

static _Noreturn void obey(int argc, char **argv, char **envp) {
    struct header header;
    static struct plan plan;
    if (receive_header(&header, ANSWER_MAX, &plan) < 0)
        unavailable("the broker hung up or speaks another version", 0);
    char *body = allocate((size_t)header.length + 1);
    if (receive(body, header.length, &plan) < 0) unavailable("the broker hung up", 0);
    if (header.type == STOP && header.length == sizeof(uint32_t)) {
        uint32_t status;
        memcpy(&status, body, sizeof status);
        _exit(status <= 255 ? (int)status : UNAVAILABLE);
    }
    if (header.type == RELAY || header.type == EXEC) {
        read_plan(&plan, body, header.length, argc, argv, envp);
        if (header.type == RELAY) relay_tool(&plan);
        if (!plan.count && !plan.terminal) {
            run_program(&plan);
            say("%s: cannot run %s: %s.", tool, plan.program, strerror(errno));
            _exit(errno == ENOENT ? 127 : 126);
        }
    }
    unavailable("the broker's answer cannot be understood", 0);
}

int main(int argc, char **argv, char **envp) {
    unsigned open_mask = 0;
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) >= 0) open_mask |= 1u << fd;
    stderr_open = open_mask >> 2 & 1;
    if (slot.isolated) prctl(PR_SET_DUMPABLE, 0);
    /* The name by which the kernel found us: argv[0] is whatever the caller likes. It is a script's when that names us
     * behind its #!; then the kernel has put our own name into argv[0]. */
    const char *path = (const char *)getauxval(AT_EXECFN);
    struct stat found, self;
    if (!path || !*path || (stat(path, &found) == 0 && stat("/proc/self/exe", &self) == 0 &&
                            (found.st_dev != self.st_dev || found.st_ino != self.st_ino)))
        path = argc ? argv[0] : "";
    const char *slash = strrchr(path, '/');
    tool = slash ? slash + 1 : path;
    if (argc < 1) unavailable("called without a name", EINVAL);
    find_broker();
    send_call(argc, argv, envp, open_mask);
    obey(argc, argv, envp);
}
