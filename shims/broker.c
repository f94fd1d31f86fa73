/* The broker: its socket, whom the shim trusts behind it, and frames to and fro. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard-shim.h"

#define VERSION 1
#define DEFAULT_SOCKET "/run/guard/broker.sock"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the protocol's numbers are little-endian");

volatile struct slot slot __attribute__((used, section(".data"))) = {"GUARD-SESSION-SLOT:", 0, {0}};
int broker = -1;

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

void find_broker(void) {
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
int send_frame(uint16_t type, const void *body, uint32_t length, const int *fds, int count) {
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
int receive(void *memory, size_t length, struct plan *plan) {
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
int receive_header(struct header *header, uint32_t most, struct plan *plan) {
    if (receive(header, sizeof *header, plan) < 0) return -1;
    if (memcmp(header->magic, "GARD", 4) || header->version != VERSION || header->length > most) return -1;
    return 0;
}
