/* The call as the broker is told of it: arguments, environment, directory, terminal, and the three streams. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard-shim.h"

#define CALL_MAX (8u << 20)         /* the kernel allows 6 MiB of arguments and environment at the most */

int tty = -1;

int in_foreground(void) {
    return tty >= 0 && tcgetpgrp(tty) == getpgrp();
}

struct winsize window(void) {
    struct winsize size = {0};
    if (tty >= 0) ioctl(tty, TIOCGWINSZ, &size);
    return size;
}

static char *append(char *at, const char *text) {
    size_t length = strlen(text) + 1;
    memcpy(at, text, length);
    return at + length;
}

void send_call(int argc, char **argv, char **envp, unsigned open_mask) {
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
