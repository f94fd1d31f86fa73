/* The relay: while the broker carries the tool's streams, wait for the broker, the tool and signals at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "guard-shim.h"

#define GRACE_MS 500                /* between TERM and KILL when the broker is gone */

static struct termios tty_before;
static int tty_saved;

static void restore_terminal(void) {
    if (tty_saved) tcsetattr(tty, TCSADRAIN, &tty_before);
}

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

_Noreturn void relay_tool(struct plan *plan) {
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
