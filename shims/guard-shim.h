/* What the parts of guard-shim share: the protocol's numbers (PROTOCOL.md), what is known of the call, and each other.
 *
 *   guard-shim.c   main: finds its name, asks the broker, obeys
 *   broker.c       the socket, whom it trusts, frames
 *   call.c         the call as it is told
 *   plan.c         the answer that starts a tool, taken apart
 *   tool.c         the tool's process, and the monitor that leads its terminal
 *   relay.c        waits for the broker, the tool and signals at once
 */
#ifndef GUARD_SHIM_H
#define GUARD_SHIM_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#define UNAVAILABLE 69              /* sysexits.h EX_UNAVAILABLE */
#define FDS_MAX 32
#define FIRST_COPY 200              /* copies of files have this number in the tool and the ones after it */
#define CLOSED_IN_THE_TOOL 0xFFFF   /* the program's own descriptor, where the tool is not to keep it */

enum { CALL = 1, ENDED, RESIZED, FOREGROUND, PROOF, EXEC = 16, RELAY, STOP, FLUSHED, YIELDED, SIGNAL };
enum how { EXITED, KILLED, NOT_STARTED };

struct header {
    char magic[4];
    uint16_t version, type;
    uint32_t length;
} __attribute__((packed));

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

/* Filled in by `guard run` in the copy that it lays under the tools' names for an isolated agent: one byte that says how,
 * and the session's key. The agent can read neither that copy nor the memory of a process that runs it. */
enum { INSIDE = 1, OWN_USER };
struct slot {
    char mark[20];
    unsigned char isolated;
    unsigned char key[32];
};
extern volatile struct slot slot;

/* guard-shim.c */
extern const char *tool;            /* the name that the shim was called by */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void unavailable(const char *what, int error);
int above(int fd);
void *allocate(size_t size);

/* broker.c */
extern int broker;                  /* its socket; -1 before it is found */
void find_broker(void);
int send_frame(uint16_t type, const void *body, uint32_t length, const int *fds, int count);
int receive(void *memory, size_t length, struct plan *plan);
int receive_header(struct header *header, uint32_t most, struct plan *plan);

/* call.c */
extern int tty;                     /* the agent's terminal, one of 0, 1, 2; -1 for none */
int in_foreground(void);
struct winsize window(void);
void send_call(int argc, char **argv, char **envp, unsigned open_mask);

/* plan.c */
void read_plan(struct plan *plan, char *body, uint32_t length, int argc, char **argv, char **envp);
void close_plan(struct plan *plan);

/* tool.c */
extern sigset_t mask_before;        /* what the tool is to have */
extern int child_was_ignored;       /* SIGCHLD was SIG_IGN when we began */
void run_program(const struct plan *plan);
pid_t start_tool(struct plan *plan, int terminal);
int look_at(pid_t pid, struct change *change, int options);
_Noreturn void monitor(struct plan *plan, int pipe, pid_t shim);

/* relay.c */
_Noreturn void relay_tool(struct plan *plan);

#endif
