/* Searches a text with a program of guardcli/masking/compiled/programs.py: the first place where it matches. */

#include "programs.h"

enum outcome guard_search(const uint32_t *program, struct text text, size_t from, size_t last, struct effort *effort,
                          struct match *match)
{
    enum outcome outcome = NOTHING;
    size_t place = from;
    for (; outcome == NOTHING && place <= last && place <= text.length; place++)
        if (is_of_set(program, program[0], text, place))
            outcome = guard_run(program, text, place, false, effort, match);
    effort->steps += (unsigned)(place - from) / 8;
    return outcome;
}

/* For the tests: match, or search where `search` says so; write where, and where the last group is. */
EXPORT unsigned guard_program(const uint32_t *program, const uint8_t *bytes, size_t length, size_t from, unsigned how,
                              uint64_t *places)
{
    struct text text = {bytes, length};
    struct match match = {0};
    struct effort effort = {.most = STEPS_MAX};
    enum outcome outcome = how == 2 ? guard_search(program, text, from, length, &effort, &match)
                                    : guard_run(program, text, from, how == 1, &effort, &match);
    places[0] = match.begin;
    places[1] = match.end;
    places[2] = match.start;
    places[3] = match.stop;
    return outcome;
}
