/* guard-enter: the first program inside `guard run --isolate`, and the way in for the broker's own questions.
 *
 *   guard-enter begin CONTROL PORT... -- AGENT [ARGUMENT]...
 *       Runs inside the sandbox before the agent. Shuts the abstract unix sockets of other sandboxes and of the host
 *       where the kernel can (Landlock, landlock(7)), listens on 127.0.0.1 at each PORT (0: the kernel chooses), and
 *       hands the broker over the socket CONTROL: one byte (1: abstract sockets are shut), with the descriptors of the
 *       root directory, of the mount namespace, and of each listener. Then it waits for one byte and becomes the agent.
 *   guard-enter join MOUNTS USER PROGRAM DIRECTORY -- NAME [ARGUMENT]...
 *       Run by the broker, outside: enters the user and mount namespaces of those descriptors, gives every capability
 *       up, and becomes the program of the descriptor PROGRAM, in DIRECTORY as the agent sees it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNAVAILABLE 69
#define FDS_MAX 32
#define BACKLOG 4096

/* linux/landlock.h of 6.12, which older headers lack */
#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_RESTRICT_SELF 446
#define LANDLOCK_VERSION 1u
#define LANDLOCK_SCOPES_SINCE 6
#define LANDLOCK_SCOPE_ABSTRACT_SOCKET 1ull

struct ruleset {
    uint64_t files, network, scoped;
};

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "guard: inside the sandbox: %s: %s\n", what, strerror(errno));
    _exit(UNAVAILABLE);
}

static int number(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || end == text || value < 0 || value > 65535) {
        errno = EINVAL;
        fail(text);
    }
    return (int)value;
}

/* Return 1 when no abstract socket from outside of this process's descendants can be reached any more. */
static int shut_abstract_sockets(void) {
    if (syscall(LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION) < LANDLOCK_SCOPES_SINCE) return 0;
    struct ruleset rules = {.scoped = LANDLOCK_SCOPE_ABSTRACT_SOCKET};
    int fd = (int)syscall(LANDLOCK_CREATE_RULESET, &rules, sizeof rules, 0);
    if (fd < 0) return 0;
    int shut = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(LANDLOCK_RESTRICT_SELF, fd, 0) == 0;
    close(fd);
    return shut;
}

static int listener(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0) fail("no socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0) fail("cannot listen");
    return fd;
}

static void hand_over(int control, char said, const int *fds, int count) {
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } rights;
    memset(&rights, 0, sizeof rights);
    struct iovec part = {&said, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, (size_t)count * sizeof(int));
    if (sendmsg(control, &message, MSG_NOSIGNAL) != 1) fail("the broker does not listen");
    if (read(control, &said, 1) != 1) fail("the broker is gone");
}

static _Noreturn void begin(int argc, char **argv) {
    int control = number(argv[0]), fds[FDS_MAX], count = 0, at = 1;
    fds[count++] = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    fds[count++] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (fds[0] < 0 || fds[1] < 0) fail("/proc");
    for (; at < argc && strcmp(argv[at], "--"); at++) {
        if (count == FDS_MAX) fail("too many ports");
        fds[count++] = listener(number(argv[at]));
    }
    if (at + 1 >= argc) fail("no agent");
    char **agent = argv + at + 1;
    hand_over(control, (char)shut_abstract_sockets(), fds, count);
    for (int i = 0; i < count; i++) close(fds[i]);
    close(control);
    execvp(agent[0], agent);
    int error = errno;
    fprintf(stderr, "guard: %s: %s\n", agent[0], strerror(error));
    _exit(error == ENOENT ? 127 : 126);
}

static void give_up_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) fail("capabilities");
    if (syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("capabilities");
}

static _Noreturn void join(int argc, char **argv, char **envp) {
    if (argc < 6 || strcmp(argv[4], "--")) fail("join");
    int mounts = number(argv[0]), user = number(argv[1]), program = number(argv[2]);
    if (setns(user, CLONE_NEWUSER) < 0) fail("the user namespace");
    if (setns(mounts, CLONE_NEWNS) < 0) fail("the mount namespace");
    if (chdir(argv[3]) < 0) fail(argv[3]);
    give_up_capabilities();
    close(mounts);
    close(user);
    syscall(SYS_execveat, program, "", argv + 5, envp, AT_EMPTY_PATH);
    fail(argv[5]);
}

int main(int argc, char **argv, char **envp) {
    if (argc > 3 && !strcmp(argv[1], "begin")) begin(argc - 2, argv + 2);
    if (argc > 3 && !strcmp(argv[1], "join")) join(argc - 2, argv + 2, envp);
    fprintf(stderr, "guard: guard-enter is a part of guard run --isolate; it does nothing by itself\n");
    return UNAVAILABLE;
}
