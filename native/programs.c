/* Runs the programs of guardcli/masking/compiled/programs.py: matches as Python's `re` does, by trying one branch after the other.
 *
 * What is left to try stands in a room of bounded size, and what a caller asks takes a bounded number of steps. A text for
 * which that is not enough was written by somebody who wants it so: the caller is told. */

#include "programs.h"

#define ROOM 1024 /* branches left to try */
#define COUNTERS 2
#define SHORT 32 /* bytes of a run that are read again rather than remembered */
#define DEEPEST 3 /* assertions within assertions */
#define FIRST 1   /* where a program's first operation stands */

enum code { MATCH, SET, RUN, LAZY_RUN, BRANCH, JUMP, START, LOOP, OPEN, CLOSE, LOOK, BEHIND, BOUNDARY, LINE, BEGIN, FINISH, SETS, UNITS };
enum { SURE = 1, LAZY = 2 };     /* of a loop: a match is sure behind it; as few turns as can be */
enum { ALONE = 1, CERTAIN = 2 }; /* of a run and of units: nothing that they take may follow; a match is sure behind them */
#define RUN_WORDS 6
#define UNITS_WORDS 9

/* What is left of an operation: nothing but to go on; the shorter ends of a run, down to `low`; its longer ends, so many as
 * `low` says; the branches whose bits are in `low` and `high`. */
enum kind_left { ONWARD, SHORTER, LONGER, BRANCHES };

struct state {
    uint32_t at, place, low, high, left;
    struct marks {
        uint32_t opened, start, end, counters[COUNTERS];
    } marks;
};

struct run {
    const uint32_t *program;
    struct text text;
    struct effort *effort;
    bool whole;
    size_t count;
    struct state now, room[ROOM];
};

/* Keep what is left of the operation for later. A state is copied in parts: some have just been written, and a processor
 * waits where it reads more than was written together. */
static bool keep(struct run *run, enum kind_left left, uint32_t at, uint32_t place, uint32_t low, uint32_t high)
{
    if (run->count == ROOM)
        return false;
    struct state *to = run->room + run->count++;
    to->at = at;
    to->place = place;
    to->low = low;
    to->high = high;
    to->left = left;
    to->marks = run->now.marks;
    return true;
}

/* Go on at an operation with what was marked when `top` was kept. */
static void resume(struct run *run, const struct state *top, uint32_t at, uint32_t place)
{
    run->now.at = at;
    run->now.place = place;
    run->now.marks = top->marks;
}

/* Go on with what was left last; return false where nothing is. */
static bool retry(struct run *run)
{
    while (run->count) {
        struct state *top = run->room + run->count - 1;
        const uint32_t *one = run->program + top->at;
        switch ((enum kind_left)top->left) {
        case ONWARD:
            resume(run, top, top->at, top->place);
            run->count--;
            return true;
        case BRANCHES: {
            uint64_t mask = top->low | (uint64_t)top->high << 32;
            unsigned number = (unsigned)__builtin_ctzll(mask);
            resume(run, top, one[3 + number], top->place);
            mask &= mask - 1;
            top->low = (uint32_t)mask;
            top->high = (uint32_t)(mask >> 32);
            run->count -= !mask;
            return true;
        }
        case SHORTER: {
            uint32_t place = top->place - 1, low = top->low;
            bool good;
            while (!(good = is_of_set(run->program, one[4], run->text, place)) && place > low)
                place--;
            run->effort->steps += (top->place - place) / 4;
            resume(run, top, top->at + RUN_WORDS, place);
            top->place = place;
            run->count -= place == low;
            if (good)
                return true;
            break;
        }
        case LONGER: {
            uint32_t place = top->place;
            while (top->low && !is_of_set(run->program, one[4], run->text, top->place)
                   && top->place < run->text.length && is_of_set(run->program, one[1], run->text, top->place)) {
                top->place++;
                top->low--;
            }
            run->effort->steps += (top->place - place) / 4;
            resume(run, top, top->at + RUN_WORDS, top->place);
            bool good = is_of_set(run->program, one[4], run->text, top->place);
            if (top->low && top->place < run->text.length && is_of_set(run->program, one[1], run->text, top->place)) {
                top->place++;
                top->low--;
            } else {
                run->count--;
            }
            if (good)
                return true;
            break;
        }
        }
    }
    return false;
}

static enum outcome tell(bool found) { return found ? FOUND : NOTHING; }

/* Tell whether what is taken greedily need never be tried shorter. */
static bool is_settled(const struct run *run, uint32_t bound) { return (bound & ALONE) || ((bound & CERTAIN) && !run->whole); }

/* Return where the bytes of one set end that go on at `place`, `end` at the latest: what was read of them is not read again. */
static size_t far_end(struct run *run, const uint32_t *members, size_t place, size_t end)
{
    const uint8_t *begin = run->text.bytes + place, *last = run->text.bytes + end, *to = begin;
    struct stretch *known = run->effort->stretches + (uintptr_t)members / sizeof *members % RUNS;
    if (known->members == members && known->from <= begin && begin <= known->to) {
        if (known->ended || known->to >= last)
            return known->to < last ? (size_t)(known->to - run->text.bytes) : end;
        to = known->to;
    } else {
        *known = (struct stretch){members, begin, begin, false};
    }
    const uint8_t *first = to;
    while (to < last && (members[*to / 32] >> *to % 32 & 1))
        to++;
    run->effort->steps += (unsigned)(to - first) / 8;
    known->to = to;
    known->ended = to < last;
    return (size_t)(to - run->text.bytes);
}

/* Take a run of bytes, as long as can be or as short as can be. */
static enum outcome take_run(struct run *run, const uint32_t *one)
{
    struct state *now = &run->now;
    size_t place = now->place, most = run->text.length - place;
    size_t wanted = one[0] == RUN ? one[3] : one[2];
    size_t end = place + (most < wanted ? most : wanted);
    if (most < one[2])
        return NOTHING;
    size_t near = end - place > SHORT ? place + SHORT : end;
    while (place < near && is_of_set(run->program, one[1], run->text, place))
        place++;
    if (place == near && near < end)
        place = far_end(run, run->program + one[1], place, end);
    if (place - now->place < one[2])
        return NOTHING;
    if (is_settled(run, one[5])) {
        now->place = (uint32_t)place;
        now->at += RUN_WORDS;
        return tell(is_of_set(run->program, one[4], run->text, place));
    }
    if (one[0] == LAZY_RUN)
        return keep(run, LONGER, now->at, (uint32_t)place, one[3] - one[2], 0) ? NOTHING : EXHAUSTED;
    uint32_t low = now->place + one[2];
    now->place = (uint32_t)place;
    bool good = is_of_set(run->program, one[4], run->text, place);
    if (place > low && !keep(run, SHORTER, now->at, now->place, low, 0))
        return EXHAUSTED;
    now->at += RUN_WORDS;
    return tell(good);
}

/* Take bytes of one set, and pairs of one of two others, as many as can be; where fewer may have to do, what stands
 * behind this operation tries all. */
static enum outcome take_units(struct run *run, const uint32_t *one)
{
    struct state *now = &run->now;
    size_t place = now->place, count = 0;
    if (!is_settled(run, one[3])) {
        now->at += UNITS_WORDS;
        return FOUND;
    }
    for (; count < one[2] && place < run->text.length; count++) {
        if (is_of_set(run->program, one[5], run->text, place))
            place++;
        else if (is_of_set(run->program, one[6], run->text, place) && place + 1 < run->text.length
                 && is_of_set(run->program, one[7], run->text, place + 1))
            place += 2;
        else
            break;
    }
    run->effort->steps += (unsigned)(place - now->place) / 8;
    now->place = (uint32_t)place;
    now->at = one[4];
    return tell(count >= one[1] && is_of_set(run->program, one[8], run->text, place));
}

static enum outcome choose(struct run *run, const uint32_t *one)
{
    struct state *now = &run->now;
    struct text text = run->text;
    unsigned byte = now->place < text.length ? text.bytes[now->place] : 256;
    unsigned next = now->place + 1 < text.length ? text.bytes[now->place + 1] : 256;
    const uint32_t *first = run->program + one[1] + 2 * byte, *second = run->program + one[2] + 2 * next;
    uint64_t mask = (first[0] & second[0]) | (uint64_t)(first[1] & second[1]) << 32;
    if (!mask)
        return NOTHING;
    uint64_t others = mask & (mask - 1);
    if (others && !keep(run, BRANCHES, now->at, now->place, (uint32_t)others, (uint32_t)(others >> 32)))
        return EXHAUSTED;
    now->at = one[3 + __builtin_ctzll(mask)];
    return FOUND;
}

static enum outcome take_sets(struct run *run, const uint32_t *one)
{
    struct state *now = &run->now;
    if (run->text.length - now->place < one[1])
        return NOTHING;
    for (uint32_t index = 0; index < one[1]; index++)
        if (!is_of_set(run->program, one[2 + index], run->text, now->place++))
            return NOTHING;
    now->at += 2 + one[1];
    return FOUND;
}

static enum outcome take_turn(struct run *run, const uint32_t *one)
{
    struct state *now = &run->now;
    uint32_t *turns = now->marks.counters + one[1];
    bool again = *turns < one[3] && is_of_set(run->program, one[6], run->text, now->place);
    bool onward = *turns >= one[2] && is_of_set(run->program, one[7], run->text, now->place);
    bool lazy = one[4] & LAZY;
    if (again && onward) {
        uint32_t other = lazy ? now->at + 8 : one[5];
        struct state *top = run->room + run->count - 1;
        if (!lazy && (one[4] & SURE) && run->count && top->left == ONWARD && top->at == other)
            run->count--;
        if (!keep(run, ONWARD, other, now->place, 0, 0))
            return EXHAUSTED;
        run->room[run->count - 1].marks.counters[one[1]] += lazy;
    }
    if (again && !(onward && lazy)) {
        ++*turns;
        now->at += 8;
        return FOUND;
    }
    now->at = one[5];
    return onward ? FOUND : NOTHING;
}

static bool is_boundary(struct text text, size_t place)
{
    return (place && is(text.bytes[place - 1], WORD)) != is_at(text, place, WORD);
}

static enum outcome attempt(const uint32_t *program, uint32_t at, struct text text, size_t from, bool whole,
                            struct effort *effort, struct match *match, unsigned depth);

/* Do one operation that is no match; return whether what it wants is there. */
static enum outcome operate(struct run *run, const uint32_t *one, unsigned depth)
{
    struct state *now = &run->now;
    struct text text = run->text;
    struct match within;
    enum outcome outcome = NOTHING;
    switch ((enum code)one[0]) {
    case SET:
        now->at += 2;
        return now->place < text.length && is_of_set(run->program, one[1], text, now->place++) ? FOUND : NOTHING;
    case RUN:
    case LAZY_RUN:
        return take_run(run, one);
    case SETS:
        return take_sets(run, one);
    case UNITS:
        return take_units(run, one);
    case BRANCH:
        return choose(run, one);
    case JUMP:
        now->at = one[1];
        return FOUND;
    case START:
        now->marks.counters[one[1]] = 0;
        now->at += 2;
        return FOUND;
    case LOOP:
        return take_turn(run, one);
    case OPEN:
        now->marks.opened = now->place;
        now->at++;
        return FOUND;
    case CLOSE:
        now->marks.start = now->marks.opened;
        now->marks.end = now->place;
        now->at++;
        return FOUND;
    case LOOK:
        if (depth == DEEPEST)
            return EXHAUSTED;
        if (now->place >= one[2])
            outcome = attempt(run->program, now->at + 4, text, now->place - one[2], false, run->effort, &within, depth + 1);
        now->at = one[3];
        return outcome == EXHAUSTED ? EXHAUSTED : (outcome == FOUND) != one[1] ? FOUND : NOTHING;
    case BEHIND:
        now->at += 3;
        return (now->place && is_of_set(run->program, one[2], text, now->place - 1)) != one[1] ? FOUND : NOTHING;
    case BOUNDARY:
        now->at++;
        return is_boundary(text, now->place) ? FOUND : NOTHING;
    case LINE:
        now->at++;
        return !now->place || text.bytes[now->place - 1] == '\n' ? FOUND : NOTHING;
    case BEGIN:
        now->at++;
        return now->place ? NOTHING : FOUND;
    case FINISH:
        now->at++;
        return now->place == text.length ? FOUND : NOTHING;
    case MATCH:
        break;
    }
    return EXHAUSTED;
}

static enum outcome attempt(const uint32_t *program, uint32_t at, struct text text, size_t from, bool whole,
                            struct effort *effort, struct match *match, unsigned depth)
{
    struct run run;
    run.program = program;
    run.text = text;
    run.effort = effort;
    run.whole = whole;
    run.count = 0;
    run.now = (struct state){.at = at, .place = (uint32_t)from, .marks.start = UINT32_MAX};
    enum outcome outcome = FOUND;
    while (outcome == FOUND) {
        const uint32_t *one = program + run.now.at;
        if (++effort->steps > effort->most) {
            outcome = EXHAUSTED;
        } else if (one[0] != MATCH) {
            outcome = operate(&run, one, depth);
        } else if (!whole || run.now.place == text.length) {
            bool grouped = run.now.marks.start != UINT32_MAX;
            *match = (struct match){from, run.now.place, grouped ? run.now.marks.start : from,
                                    grouped ? run.now.marks.end : run.now.place};
            break;
        } else {
            outcome = NOTHING;
        }
        if (outcome == NOTHING && retry(&run))
            outcome = FOUND;
    }
    return outcome;
}

enum outcome guard_run(const uint32_t *program, struct text text, size_t from, bool whole, struct effort *effort,
                       struct match *match)
{
    const uint32_t *one = program + FIRST;
    if (one[0] == BEHIND && (from && is_of_set(program, one[2], text, from - 1)) == one[1])
        return NOTHING; /* what begins with a word is tried at each byte of others */
    return is_of_set(program, program[0], text, from) ? attempt(program, FIRST, text, from, whole, effort, match, 0) : NOTHING;
}
