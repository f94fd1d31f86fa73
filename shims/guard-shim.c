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
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define UNAVAILABLE 69              /* sysexits.h EX_UNAVAILABLE */
#define VERSION 1
#define CALL_MAX (8u << 20)         /* the kernel allows 6 MiB of arguments and environment at the most */
#define ANSWER_MAX (1u << 20)       /* edits only, never whole argument vectors */
#define FDS_MAX 32
#define EDITS_MAX 4096
#define GRACE_MS 500                /* between TERM and KILL when the broker is gone */
#define DEFAULT_SOCKET "/run/guard/broker.sock"
#define FIRST_COPY 200              /* copies of files have this number in the tool and the ones after it */
#define CLOSED_IN_THE_TOOL 0xFFFF   /* the program's own descriptor, where the tool is not to keep it */

/* Filled in by `guard run` in the copy that it lays under the tools' names for an isolated agent: one byte that says how,
 * and the session's key. The agent can read neither that copy nor the memory of a process that runs it. */
enum { INSIDE = 1, OWN_USER };
static volatile struct {
    char mark[20];
    unsigned char isolated;
    unsigned char key[32];
} slot __attribute__((used, section(".data"))) = {"GUARD-SESSION-SLOT:", 0, {0}};

enum { CALL = 1, ENDED, RESIZED, FOREGROUND, PROOF, EXEC = 16, RELAY, STOP, FLUSHED, YIELDED, SIGNAL };
enum how { EXITED, KILLED, NOT_STARTED };

struct header {
    char magic[4];
    uint16_t version, type;
    uint32_t length;
} __attribute__((packed));

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the protocol's numbers are little-endian");

/* An answer of the broker that starts the tool, taken apart. */
struct plan {
    int terminal;
    int count;
    int fds[FDS_MAX];
    unsigned char targets[FDS_MAX];
    int program_fd;             /* what to run, -1 where `program` names it */
    int program_target;         /* its number in the tool */
    char *program;
    char **argv, **envp;
};

/* How the tool, or the monitor's tool, changed; also what the monitor writes to its pipe. */
struct change {
    enum { CHANGE_STARTED, CHANGE_STOPPED, CHANGE_ENDED } what;
    int how, value;
    pid_t pid;
};

static int broker = -1;
static int stderr_open;
static const char *tool = "tool";
static sigset_t mask_before;        /* what the tool is to have */
static int child_was_ignored;       /* SIGCHLD was SIG_IGN when we began */
static int tty = -1;                /* the agent's terminal, one of 0, 1, 2; -1 for none */
static struct termios tty_before;
static int tty_saved;

static void say(const char *format, ...) {
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

static void restore_terminal(void) {
    if (tty_saved) tcsetattr(tty, TCSADRAIN, &tty_before);
}

static _Noreturn void unavailable(const char *what, int error) {
    if (error)
        say("%s: %s: %s. Nothing was run.", tool, what, strerror(error));
    else
        say("%s: %s. Nothing was run.", tool, what);
    _exit(UNAVAILABLE);
}

/* Return `fd` moved above 2 and close-on-exec; -1 stays -1. */
static int above(int fd) {
    if (fd < 0 || fd > 2) return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    close(fd);
    errno = error;
    return higher;
}

static void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory) unavailable("out of memory", ENOMEM);
    return memory;
}

/* ---- the socket ---- */

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = above(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd < 0) return -1;
    int result;
    do result = connect(fd, (struct sockaddr *)&address, sizeof address);
    while (result < 0 && errno == EINTR);
    if (result < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* Fill `path` with the socket beside the shim's own directory; 0 when there is none. */
static int own_socket(char *path, size_t size) {
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    for (int level = 0; level < 2; level++) {
        char *slash = strrchr(path, '/');
        if (!slash) return 0;
        *slash = 0;
    }
    if (strlen(path) + sizeof "/broker.sock" > size) return 0;
    strcat(path, "/broker.sock");
    struct stat found;
    return lstat(path, &found) == 0;
}

/* The broker is outside of the sandbox's pid namespace, so the kernel has no number for it here (unix(7), SO_PEERCRED):
 * whoever has one is a process of the agent's. */
static int from_outside(int fd) {
    struct ucred peer = {.pid = -1};
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == 0;
}

/* The broker is the user whose file the shim is, and the agent is another one. */
static int from_owner(int fd) {
    struct ucred peer;
    struct stat self;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && stat("/proc/self/exe", &self) == 0 &&
           peer.uid == self.st_uid && peer.uid != getuid();
}

static void find_broker(void) {
    char beside[PATH_MAX];
    const char *path = beside;
    if (slot.isolated == INSIDE) {      /* one place only: the key is told to nobody whom the agent could name */
        path = DEFAULT_SOCKET;
    } else if (slot.isolated) {
        if (!own_socket(beside, sizeof beside)) unavailable("there is no session here", 0);
    } else if (!own_socket(beside, sizeof beside)) {
        path = getenv("GUARD_SOCKET");
        if (!path || !*path) path = DEFAULT_SOCKET;
    }
    broker = connect_to(path);
    if (broker >= 0 && slot.isolated && !(slot.isolated == INSIDE ? from_outside(broker) : from_owner(broker)))
        unavailable("what answers is not the broker", EPERM);
    if (broker < 0) {
        say("%s: no broker answers at %s (%s). Nothing was run. Start the agent with: guard run -- AGENT", tool, path,
            strerror(errno));
        _exit(UNAVAILABLE);
    }
}

/* Send a whole frame, `fds` with its first byte. 0 on success, -1 when the broker is gone. */
static int send_frame(uint16_t type, const void *body, uint32_t length, const int *fds, int count) {
    struct header header = {{'G', 'A', 'R', 'D'}, VERSION, type, length};
    struct iovec parts[2] = {{&header, sizeof header}, {(void *)body, length}};
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (count) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, (size_t)count * sizeof(int));
    }
    size_t left = sizeof header + length;
    while (left) {
        ssize_t sent = sendmsg(broker, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        left -= (size_t)sent;
        message.msg_control = NULL;
        message.msg_controllen = 0;
        for (int part = 0; part < 2 && sent; part++) {
            size_t taken = (size_t)sent < parts[part].iov_len ? (size_t)sent : parts[part].iov_len;
            parts[part].iov_base = (char *)parts[part].iov_base + taken;
            parts[part].iov_len -= taken;
            sent -= (ssize_t)taken;
        }
    }
    return 0;
}

/* Read exactly `length` bytes, collecting descriptors into `plan` where given. -1 on end, error or too many. */
static int receive(void *memory, size_t length, struct plan *plan) {
    char *at = memory;
    while (length) {
        union {
            struct cmsghdr align;
            char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
        } control;
        struct iovec part = {at, length};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t got = recvmsg(broker, &message, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || (message.msg_flags & MSG_CTRUNC)) return -1;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
            if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
            int received = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            const unsigned char *data = CMSG_DATA(c);
            for (int i = 0; i < received; i++) {
                int fd;
                memcpy(&fd, data + (size_t)i * sizeof(int), sizeof fd);
                if (!plan || plan->count == FDS_MAX) return -1;
                plan->fds[plan->count++] = above(fd);
            }
        }
        at += got;
        length -= (size_t)got;
    }
    return 0;
}

/* Read a frame's header and check it; the body's length is bounded by `most`. -1 when it is no good. */
static int receive_header(struct header *header, uint32_t most, struct plan *plan) {
    if (receive(header, sizeof *header, plan) < 0) return -1;
    if (memcmp(header->magic, "GARD", 4) || header->version != VERSION || header->length > most) return -1;
    return 0;
}

/* ---- the call ---- */

static int in_foreground(void) {
    return tty >= 0 && tcgetpgrp(tty) == getpgrp();
}

static struct winsize window(void) {
    struct winsize size = {0};
    if (tty >= 0) ioctl(tty, TIOCGWINSZ, &size);
    return size;
}

static char *append(char *at, const char *text) {
    size_t length = strlen(text) + 1;
    memcpy(at, text, length);
    return at + length;
}

static void send_call(int argc, char **argv, char **envp, unsigned open_mask) {
    char cwd[PATH_MAX];
    unsigned tty_mask = 0;
    for (int fd = 2; fd >= 0; fd--)
        if ((open_mask >> fd & 1) && isatty(fd)) {
            tty_mask |= 1u << fd;
            tty = fd;
        }
    if (!getcwd(cwd, sizeof cwd) || cwd[0] != '/') cwd[0] = 0;
    uint32_t envc = 0;
    size_t size = 16 + strlen(tool) + 1 + strlen(cwd) + 1;
    for (int i = 0; i < argc; i++) size += strlen(argv[i]) + 1;
    for (; envp[envc]; envc++) size += strlen(envp[envc]) + 1;
    if (slot.isolated) {
        unsigned char key[sizeof slot.key];
        for (size_t i = 0; i < sizeof key; i++) key[i] = slot.key[i];
        if (send_frame(PROOF, key, sizeof key, NULL, 0) < 0) unavailable("the broker hung up", errno);
    }
    if (size > CALL_MAX) unavailable("the arguments and the environment are too long", E2BIG);

    char *body = allocate(size), *at = body;
    struct winsize size_now = window();
    *at++ = (char)open_mask;
    *at++ = (char)tty_mask;
    *at++ = (char)in_foreground();
    int fds[4], count = 0;
    int directory = above(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    *at++ = directory >= 0;
    if (directory >= 0) fds[count++] = directory;
    uint16_t dimensions[2] = {size_now.ws_row, size_now.ws_col};
    uint32_t counts[2] = {(uint32_t)argc, envc};
    memcpy(at, dimensions, sizeof dimensions);
    memcpy(at + 4, counts, sizeof counts);
    at += 12;
    at = append(append(at, tool), cwd);
    for (int i = 0; i < argc; i++) at = append(at, argv[i]);
    for (uint32_t i = 0; i < envc; i++) at = append(at, envp[i]);
    for (int fd = 0; fd < 3; fd++)
        if (open_mask >> fd & 1) fds[count++] = fd;
    if (send_frame(CALL, body, (uint32_t)size, fds, count) < 0) unavailable("the broker hung up", errno);
    free(body);
    if (directory >= 0) close(directory);
}

/* ---- the answer ---- */

/* Return the next string of [*at, end) and step over it; a missing NUL ends the shim. */
static char *next_string(char **at, char *end) {
    char *text = *at, *stop = memchr(text, 0, (size_t)(end - text));
    if (!stop) unavailable("the broker's answer cannot be understood", 0);
    *at = stop + 1;
    return text;
}

static size_t name_length(const char *entry) {
    const char *equals = strchr(entry, '=');
    return equals ? (size_t)(equals - entry) : strlen(entry);
}

static void edit_environment(struct plan *plan, char **envp, char **edits, uint32_t count) {
    size_t have = 0, kept = 0;
    while (envp[have]) have++;
    plan->envp = allocate((have + count + 1) * sizeof *plan->envp);
    for (size_t i = 0; i < have; i++) {
        int edited = 0;
        size_t length = name_length(envp[i]);
        for (uint32_t j = 0; j < count && !edited; j++)
            edited = name_length(edits[j]) == length && !memcmp(edits[j], envp[i], length);
        if (!edited) plan->envp[kept++] = envp[i];
    }
    for (uint32_t j = 0; j < count; j++)
        if (strchr(edits[j], '=')) plan->envp[kept++] = edits[j];
}

static void read_plan(struct plan *plan, char *body, uint32_t length, int argc, char **argv, char **envp) {
    char *at = body, *end = body + length;
    uint32_t edits[2];
    if (length < 12) unavailable("the broker's answer is too short", 0);
    plan->terminal = body[0];
    int count = (unsigned char)body[1];
    uint16_t program;
    memcpy(&program, body + 2, sizeof program);
    memcpy(edits, body + 4, sizeof edits);
    at += 12;
    plan->program_fd = -1;
    if (program && plan->count) {
        plan->program_fd = plan->fds[--plan->count];
        plan->program_target = program;
    }
    if (count != plan->count || (program && (plan->program_fd < 0 || (program > 255 && program != CLOSED_IN_THE_TOOL))) || end - at < count || edits[0] > EDITS_MAX || edits[1] > EDITS_MAX)
        unavailable("the broker's answer cannot be understood", 0);
    memcpy(plan->targets, at, (size_t)count);
    at += count;
    plan->program = next_string(&at, end);
    plan->argv = allocate(((size_t)argc + 1) * sizeof *plan->argv);
    memcpy(plan->argv, argv, (size_t)argc * sizeof *argv);
    for (uint32_t i = 0; i < edits[0]; i++) {
        char *digits = next_string(&at, end), *stop;
        unsigned long index = strtoul(digits, &stop, 10);
        if (*stop || stop == digits || index >= (unsigned long)argc)
            unavailable("the broker's answer cannot be understood", 0);
        plan->argv[index] = next_string(&at, end);
    }
    char **entries = allocate((edits[1] + 1) * sizeof *entries);
    for (uint32_t i = 0; i < edits[1]; i++) entries[i] = next_string(&at, end);
    if (at != end || (plan->terminal && !count)) unavailable("the broker's answer cannot be understood", 0);
    edit_environment(plan, envp, entries, edits[1]);
    free(entries);
}

/* ---- the tool ---- */

/* Become the plan's program; returns only when that fails, with errno. A script is read by its interpreter through the
 * descriptor, so it stays open then, under the number that the plan says (execveat(2), BUGS). */
static void run_program(const struct plan *plan) {
    if (plan->program_fd < 0) {
        execve(plan->program, plan->argv, plan->envp);
        return;
    }
    int fd = plan->program_fd;
    if (plan->program_target != CLOSED_IN_THE_TOOL) {
        if (fd == plan->program_target ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, plan->program_target) < 0) return;
        fd = plan->program_target;
    }
    syscall(SYS_execveat, fd, "", plan->argv, plan->envp, AT_EMPTY_PATH);
}

static _Noreturn void become_tool(struct plan *plan, int report) {
    /* Targets may be numbers that another descriptor of the plan holds: move all out of the way first. */
    int moved[FDS_MAX], highest = 2;
    for (int i = 0; i < plan->count; i++)
        if (plan->targets[i] > highest) highest = plan->targets[i];
    for (int i = 0; i < plan->count; i++) {
        moved[i] = fcntl(plan->fds[i], F_DUPFD_CLOEXEC, highest + 1);
        if (moved[i] < 0) goto failed;
    }
    if (plan->program_fd >= 0) {
        plan->program_fd = fcntl(plan->program_fd, F_DUPFD_CLOEXEC, highest + 1);
        if (plan->program_fd < 0) goto failed;
    }
    for (int i = 0; i < plan->count; i++)
        if (dup2(moved[i], plan->targets[i]) < 0) goto failed;
    if (child_was_ignored) signal(SIGCHLD, SIG_IGN);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
    run_program(plan);
failed:;
    int error = errno;
    ssize_t ignored = write(report, &error, sizeof error);
    (void)ignored;
    _exit(127);
}

/* Fork the tool so that it dies with this process. Return its pid, or -1 with errno when it did not start.
 * With a terminal it becomes the foreground group of `terminal`. */
static pid_t start_tool(struct plan *plan, int terminal) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return -1;
    report[0] = above(report[0]);
    report[1] = above(report[1]);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(UNAVAILABLE);
        if (terminal >= 0) {
            setpgid(0, 0);
            tcsetpgrp(terminal, getpid());      /* SIGTTOU is blocked here */
        }
        become_tool(plan, report[1]);
    }
    int error = errno;
    close(report[1]);
    if (pid > 0) {
        if (terminal >= 0) setpgid(pid, pid);
        int failure = 0;
        ssize_t got;
        do got = read(report[0], &failure, sizeof failure);
        while (got < 0 && errno == EINTR);
        if (got == sizeof failure) {
            waitpid(pid, NULL, 0);
            pid = -1;
            error = failure;
        }
    }
    close(report[0]);
    errno = error;
    return pid;
}

static void close_plan(struct plan *plan) {
    for (int i = 0; i < plan->count; i++) close(plan->fds[i]);
    plan->count = 0;
    if (plan->program_fd >= 0) close(plan->program_fd);
    plan->program_fd = -1;
}

/* Return 1 and fill `change` when `pid` has stopped or ended, 0 when not yet. */
static int look_at(pid_t pid, struct change *change, int options) {
    siginfo_t info = {0};
    int result;
    do result = waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | options);
    while (result < 0 && errno == EINTR);
    if (result < 0 || !info.si_pid) return 0;
    change->pid = pid;
    change->value = info.si_status;
    change->what = info.si_code == CLD_STOPPED ? CHANGE_STOPPED : CHANGE_ENDED;
    change->how = info.si_code == CLD_EXITED ? EXITED : KILLED;
    return 1;
}

/* Lead a session on the plan's terminal, run the tool in it, and write every change to `pipe`. */
static _Noreturn void monitor(struct plan *plan, int pipe, pid_t shim) {
    struct change change = {.what = CHANGE_ENDED, .how = NOT_STARTED};
    ssize_t ignored;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != shim) _exit(UNAVAILABLE);
    int terminal = plan->fds[0];
    pid_t pid = -1;
    if (setsid() >= 0 && ioctl(terminal, TIOCSCTTY, 0) >= 0) pid = start_tool(plan, terminal);
    if (pid < 0) {
        change.value = errno;
        ignored = write(pipe, &change, sizeof change);
        _exit(UNAVAILABLE);
    }
    for (int i = 0; i < 3; i++) close(i);   /* only the tool's own copies keep its streams open */
    close_plan(plan);
    change = (struct change){.what = CHANGE_STARTED, .pid = pid};
    ignored = write(pipe, &change, sizeof change);
    for (;;) {
        if (!look_at(pid, &change, 0)) _exit(UNAVAILABLE);
        ignored = write(pipe, &change, sizeof change);
        if (change.what == CHANGE_ENDED) _exit(0);
    }
    (void)ignored;
}

/* ---- the relay: wait for the broker, the tool and signals at once ---- */

struct relay {
    pid_t pid;                  /* the tool; -1 before it is known and after it ended */
    pid_t group;                /* what signals are sent to: the tool, or its group when it has a terminal */
    int terminal;
    int signals, changes;       /* a signalfd, and the monitor's pipe or -1 */
    int flushed, ended, yielded;
    struct change end;
};

static void tool_signal(const struct relay *relay, int number) {
    if (relay->pid > 0 && !relay->ended) kill(relay->group, number);
}

static _Noreturn void die_as(int how, int value) {
    if (how == EXITED) _exit(value);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(value, SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, value);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    kill(getpid(), value);
    _exit(128 + value);
}

/* The broker is gone: end the tool, TERM and then KILL, and leave. */
static _Noreturn void broker_lost(struct relay *relay) {
    struct change change;
    restore_terminal();
    if (relay->pid > 0 && !relay->ended) {
        kill(relay->group, SIGTERM);
        kill(relay->group, SIGCONT);
        struct timespec nap = {0, 10 * 1000 * 1000};
        for (int waited = 0; waited < GRACE_MS; waited += 10) {
            if (relay->changes < 0) {
                if (look_at(relay->pid, &change, WNOHANG) && change.what == CHANGE_ENDED) break;
            } else if (kill(relay->pid, 0) < 0) {
                break;
            }
            nanosleep(&nap, NULL);
        }
        kill(relay->group, SIGKILL);
    }
    say("%s: the broker is gone; the tool was ended and its output may be cut short.", tool);
    _exit(UNAVAILABLE);
}

static void tell(struct relay *relay, uint16_t type, const void *body, uint32_t length) {
    if (send_frame(type, body, length, NULL, 0) < 0) broker_lost(relay);
}

static void tell_foreground(struct relay *relay, uint32_t foreground) {
    tell(relay, FOREGROUND, &foreground, sizeof foreground);
}

static void tell_ended(struct relay *relay, const struct change *change) {
    uint32_t body[2] = {(uint32_t)change->how, (uint32_t)change->value};
    relay->end = *change;
    relay->ended = 1;
    tell(relay, ENDED, body, sizeof body);
}

static void hear_broker(struct relay *relay) {
    struct header header;
    uint32_t number = 0;
    if (receive_header(&header, sizeof number, NULL) < 0) broker_lost(relay);
    if (header.length && receive(&number, header.length, NULL) < 0) broker_lost(relay);
    if (header.type == FLUSHED && relay->ended)
        relay->flushed = 1;
    else if (header.type == YIELDED)
        relay->yielded = 1;
    else if (header.type == STOP && relay->ended && number <= 255)
        _exit((int)number);
    else if (header.type == SIGNAL && number < NSIG)
        tool_signal(relay, (int)number);
    else
        broker_lost(relay);
}

/* The tool has stopped: give the terminal back, stop likewise, and when continued let the tool go on. */
static void stop_too(struct relay *relay) {
    if (relay->terminal) {
        relay->yielded = 0;
        tell_foreground(relay, 0);
        while (!relay->yielded) hear_broker(relay);
        kill(0, SIGTSTP);       /* the rest of our group; here it is blocked, and dropped by hear_signal */
    }
    kill(getpid(), SIGSTOP);
    if (relay->terminal && in_foreground()) tell_foreground(relay, 1);
    tool_signal(relay, SIGCONT);
}

static void hear_change(struct relay *relay, const struct change *change) {
    if (change->what == CHANGE_STARTED) {
        relay->pid = change->pid;
        relay->group = -change->pid;
    } else if (change->what == CHANGE_STOPPED) {
        stop_too(relay);
    } else {
        tell_ended(relay, change);
    }
}

static void hear_monitor(struct relay *relay) {
    struct change change;
    ssize_t got = read(relay->changes, &change, sizeof change);
    if (got < 0 && errno == EINTR) return;
    if (got != sizeof change)   /* the monitor was killed, and the tool with it */
        change = (struct change){.what = CHANGE_ENDED, .how = KILLED, .value = SIGKILL};
    hear_change(relay, &change);
}

static void hear_signal(struct relay *relay) {
    struct signalfd_siginfo info;
    struct change change;
    if (read(relay->signals, &info, sizeof info) != sizeof info) return;
    int number = (int)info.ssi_signo, sent = info.ssi_code <= 0;
    if (sent && info.ssi_pid == (uint32_t)getpid()) return;
    if (relay->ended) {     /* only the flush is awaited: what would have ended the tool ends us */
        if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT) {
            restore_terminal();
            die_as(KILLED, number);
        }
        return;
    }
    if (number == SIGCHLD) {
        if (relay->changes < 0)
            while (!relay->ended && look_at(relay->pid, &change, WNOHANG)) hear_change(relay, &change);
    } else if (number == SIGWINCH && relay->terminal) {
        struct winsize now = window();
        uint16_t body[2] = {now.ws_row, now.ws_col};
        tell(relay, RESIZED, body, sizeof body);
    } else if (number == SIGCONT) {
        if (relay->terminal) tell_foreground(relay, (uint32_t)in_foreground());
        tool_signal(relay, SIGCONT);
    } else if (sent || relay->terminal) {
        tool_signal(relay, number);
    }
}

/* Block what is to come through the signalfd: all that is neither ignored (a blocked signal would be queued all the
 * same, nohup's SIGHUP too) nor raised by a fault of our own. SIGTTOU is always blocked, for tcsetpgrp. */
static void block_signals(void) {
    sigset_t caught;
    struct sigaction action;
    sigfillset(&caught);
    for (int number = 1; number < 32; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
            if (number == SIGCHLD)
                child_was_ignored = 1;
            else
                sigdelset(&caught, number);
        }
    signal(SIGCHLD, SIG_DFL);
    sigaddset(&caught, SIGTTOU);
    static const int left[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) sigdelset(&caught, left[i]);
    sigprocmask(SIG_BLOCK, &caught, &mask_before);
}

static void start(struct relay *relay, struct plan *plan) {
    struct change change = {.what = CHANGE_ENDED, .how = NOT_STARTED};
    int pipe[2];
    relay->pid = -1;
    relay->changes = -1;
    relay->terminal = plan->terminal;
    if (!plan->terminal) {
        relay->pid = relay->group = start_tool(plan, -1);
        change.value = errno;
        if (relay->pid < 0) tell_ended(relay, &change);
        return;
    }
    if (tty >= 0 && tcgetattr(tty, &tty_before) == 0) tty_saved = in_foreground();
    if (pipe2(pipe, O_CLOEXEC) < 0) unavailable("no pipe", errno);
    relay->changes = above(pipe[0]);
    int report = above(pipe[1]);
    pid_t shim = getpid(), pid = fork();
    if (pid < 0) unavailable("no process", errno);
    if (pid == 0) {
        close(relay->changes);
        close(broker);
        monitor(plan, report, shim);
    }
    close(report);
}

/* Keep the copies of files for as long as the tool runs, under the numbers that they have there: a process that the
 * tool starts may read them as /proc/PID/fd/N, with this process's PID. They cannot be changed. */
static void keep_copies(struct plan *plan) {
    int *own[FDS_MAX + 2], count = 0;
    own[count++] = &broker;
    if (plan->program_fd >= 0) own[count++] = &plan->program_fd;
    for (int i = 0; i < plan->count; i++) own[count++] = &plan->fds[i];
    for (int i = 0; i < count; i++)
        if (*own[i] >= FIRST_COPY) {
            int higher = fcntl(*own[i], F_DUPFD_CLOEXEC, 256);
            if (higher < 0) unavailable("no descriptor is free", errno);
            close(*own[i]);
            *own[i] = higher;
        }
    for (int i = 0; i < plan->count; i++)
        if (plan->targets[i] >= FIRST_COPY && dup3(plan->fds[i], plan->targets[i], O_CLOEXEC) < 0)
            unavailable("no descriptor is free", errno);
}

static _Noreturn void relay_tool(struct plan *plan) {
    struct relay relay = {0};
    sigset_t all;
    if (!slot.isolated) keep_copies(plan);
    block_signals();
    sigfillset(&all);
    relay.signals = above(signalfd(-1, &all, SFD_CLOEXEC));
    if (relay.signals < 0) unavailable("no signalfd", errno);
    start(&relay, plan);
    close_plan(plan);
    while (!relay.flushed) {
        struct pollfd ready[3] = {{broker, POLLIN, 0}, {relay.signals, POLLIN, 0}, {relay.changes, POLLIN, 0}};
        if (relay.ended) ready[2].fd = -1;
        if (relay.pid < 0 && !relay.ended) ready[1].fd = -1;    /* a signal waits until there is a tool to get it */
        if (poll(ready, 3, -1) < 0) {
            if (errno == EINTR) continue;
            broker_lost(&relay);
        }
        if (ready[1].revents) hear_signal(&relay);
        if (ready[2].revents) hear_monitor(&relay);
        if (ready[0].revents) hear_broker(&relay);
    }
    if (relay.end.how == NOT_STARTED) _exit(relay.end.value == ENOENT ? 127 : 126);
    die_as(relay.end.how, relay.end.value);
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
