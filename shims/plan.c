/* The broker's answer that starts a tool, taken apart: the call's own arguments and environment, edited. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard-shim.h"

#define EDITS_MAX 4096

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

void read_plan(struct plan *plan, char *body, uint32_t length, int argc, char **argv, char **envp) {
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
    int runnable = !program || (plan->program_fd >= 0 && (program <= 255 || program == CLOSED_IN_THE_TOOL));
    if (count != plan->count || !runnable || end - at < count || edits[0] > EDITS_MAX || edits[1] > EDITS_MAX)
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

void close_plan(struct plan *plan) {
    for (int i = 0; i < plan->count; i++) close(plan->fds[i]);
    plan->count = 0;
    if (plan->program_fd >= 0) close(plan->program_fd);
    plan->program_fd = -1;
}
