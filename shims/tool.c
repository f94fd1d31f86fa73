/* The tool's process: its descriptors, its start, what becomes of it, and the monitor that leads its terminal. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard-shim.h"

sigset_t mask_before;
int child_was_ignored;

/* Become the plan's program; returns only when that fails, with errno. A script is read by its interpreter through the
 * descriptor, so it stays open then, under the number that the plan says (execveat(2), BUGS). */
void run_program(const struct plan *plan) {
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
pid_t start_tool(struct plan *plan, int terminal) {
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

/* Return 1 and fill `change` when `pid` has stopped or ended, 0 when not yet. */
int look_at(pid_t pid, struct change *change, int options) {
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
_Noreturn void monitor(struct plan *plan, int pipe, pid_t shim) {
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
