/* Finds the secret around the places where triggers ended, by the finders of guardcli/masking/compiled/finders.py; forms.c has forms. */

#define _GNU_SOURCE

#include <string.h>

#include "searches.h"
#include "values.h"

#define PREFIX 128
#define AUTHORITY 4300
#define AGAINST 40
#define ALLOWED 64 /* bytes that each line counts as longer where steps are counted: short ones need as many as they do */
#define LEAST 4 /* bytes that a value behind a lead takes with its head: -p x */

size_t guard_line_start(struct text text, size_t at, size_t most)
{
    size_t low = at > most ? at - most : 0;
    const uint8_t *newline = memrchr(text.bytes + low, '\n', at - low);
    return newline ? (size_t)(newline - text.bytes) + 1 : low;
}

size_t guard_line_end(struct text text, size_t at, size_t most)
{
    size_t length = text.length - at < most ? text.length - at : most;
    const uint8_t *newline = length ? memchr(text.bytes + at, '\n', length) : NULL;
    return newline ? (size_t)(newline - text.bytes) : at + length;
}

enum outcome guard_is_public(const struct finder *finder, struct text text, size_t start, struct effort *effort)
{
    struct match match;
    struct text before = {text.bytes, start};
    if (!finder->against)
        return NOTHING;
    return guard_search(finder->against, before, start > AGAINST ? start - AGAINST : 0, start, effort, &match);
}

/* Match a token whose prefix stands at `start`; EXHAUSTED too where it is there and no secret. */
static enum outcome match_token(const struct finder *finder, struct search *search, size_t start, struct match *match,
                                bool *decided)
{
    struct text before = {search->text.bytes, search->at};
    enum outcome outcome = guard_run(finder->head, before, start, false, search->effort, match);
    if (outcome == FOUND)
        outcome = guard_run(finder->value, search->text, start, false, search->effort, match);
    if (outcome != FOUND || match->end < search->at)
        return outcome == EXHAUSTED ? EXHAUSTED : NOTHING;
    *decided = true;
    struct text value = {search->text.bytes + match->start, match->stop - match->start};
    if (!guard_is_secret(finder, search, value))
        return NOTHING;
    outcome = guard_is_public(finder, search->text, match->start, search->effort);
    return outcome == EXHAUSTED ? EXHAUSTED : guard_tell(outcome == NOTHING);
}

/* Find the token whose prefix lies as far before `at` as its trigger is long, or else somewhere before it. */
static enum outcome find_token(const struct finder *finder, struct search *search, struct match *match)
{
    size_t at = search->at;
    bool decided = false;
    enum outcome outcome = NOTHING;
    for (size_t index = 0; index < DISTANCES && finder->behind[index]; index++) {
        if (at >= finder->behind[index])
            outcome = match_token(finder, search, at - finder->behind[index], match, &decided);
        if (decided || outcome != NOTHING)
            return outcome;
    }
    if (!finder->ahead)
        return NOTHING;
    size_t start = guard_line_start(search->text, at, PREFIX);
    for (start -= start && at - start < PREFIX; start < at; start++) {
        outcome = match_token(finder, search, start, match, &decided);
        if (decided || outcome != NOTHING)
            return outcome;
    }
    return NOTHING;
}

/* Go on with the walk over a line that another trigger began, where the whole line is seen both times. */
static struct walk *walk_on(const struct finder *finder, struct search *search, size_t place, size_t line)
{
    struct walk *walk = search->walk;
    bool same = walk->finder == finder && walk->line == line && walk->at <= search->at;
    bool known = same && place >= walk->low && place < walk->next;
    if (!same || (place != walk->origin && !known))
        *walk = (struct walk){finder, line, place, place, place, 0};
    walk->origin = place;
    walk->at = search->at;
    return walk;
}

/* Find a whole on the line that lies around `at`, or ends so shortly before it as the finder says. */
static enum outcome find_shape(const struct finder *finder, struct search *search, struct match *match)
{
    struct text text = search->text;
    size_t at = search->at, line = guard_line_end(text, at, finder->ahead);
    bool all = line < at + finder->ahead && line < text.length;
    struct walk *walk = walk_on(finder, search, guard_line_start(text, at, finder->behind[0]), all ? line : SIZE_MAX - at);
    text.length = at + finder->ahead < text.length ? at + finder->ahead : text.length;
    while (walk->next < at) {
        enum outcome outcome = guard_search(finder->value, text, walk->next, at, search->effort, match);
        if (outcome == NOTHING)
            walk->next = at + 1;
        if (outcome != FOUND)
            return outcome;
        walk->next = match->begin;
        if (match->begin >= at)
            return NOTHING;
        if (at <= match->end + finder->behind[1]) {
            struct text value = {text.bytes + match->start, match->stop - match->start};
            return guard_tell(guard_is_secret(finder, search, value));
        }
        walk->low = walk->next = match->end > match->begin ? match->end : match->begin + 1;
    }
    return NOTHING;
}

/* Find the password of the URL whose last `@` so far ends at `at`. */
static enum outcome find_authority(const struct finder *finder, struct search *search, struct match *match)
{
    struct match example;
    size_t low = search->at > AUTHORITY ? search->at - AUTHORITY : 0, start = search->at;
    do {
        if (start < low + 3)
            return NOTHING;
        start--;
    } while (memcmp(search->text.bytes + start - 2, "://", 3));
    start -= 2;
    enum outcome outcome = guard_run(finder->value, search->text, start, false, search->effort, match);
    if (outcome != FOUND)
        return outcome;
    struct text value = {search->text.bytes + match->start, match->stop - match->start};
    if (!guard_is_secret(finder, search, value) || guard_is_noise(search->text, start))
        return NOTHING;
    outcome = guard_run(finder->head, search->text, start, false, search->effort, &example);
    return outcome == EXHAUSTED ? EXHAUSTED : guard_tell(outcome == NOTHING);
}

/* The line that hits are on now, and what is spent on it. */
struct line {
    size_t begin, end;
    bool spent;
    struct effort effort;
};

/* Go on with the line of `at`, or with another, of which each byte may take so many steps; false where it is given up. */
static bool reach_line(struct text text, size_t at, size_t steps, struct line *line)
{
    if (at < line->begin || at > line->end || !line->effort.most)
        *line = (struct line){.begin = guard_line_start(text, at, at), .end = guard_line_end(text, at, text.length)};
    struct effort *effort = &line->effort;
    size_t most = steps * (ALLOWED + line->end - line->begin);
    effort->most = effort->steps + STEPS_MAX < most ? effort->steps + STEPS_MAX : (unsigned)most;
    return !line->spent;
}

/* Say that all of the line is masked from `base` on: what is in it cannot be told within the steps there are. */
static bool give_up(struct line *line, size_t base, struct span *span)
{
    line->spent = true;
    *span = (struct span){.start = (uint32_t)(line->begin > base ? line->begin : base), .end = (uint32_t)line->end};
    return span->end > span->start;
}

/* Find what the finder finds at the search's place. */
static enum outcome find(const struct finder *finder, struct search *search, struct span *span)
{
    static enum outcome (*const ways[])(const struct finder *, struct search *, struct match *) = {
        guard_find_form, find_token, find_shape, find_authority};
    struct match match;
    enum outcome outcome = search->effort->steps < search->effort->most ? ways[finder->way](finder, search, &match) : EXHAUSTED;
    bool whole = finder->whole;
    if (outcome == FOUND)
        *span = (struct span){.start = (uint32_t)(whole ? match.begin : match.start),
                              .end = (uint32_t)(whole ? match.end : match.stop)};
    return outcome == FOUND && span->end <= span->start ? NOTHING : outcome;
}

/* Find what stands behind leads from the line of `base` on, line by line and long lines in steps. */
static size_t find_led(const struct entry *entry, struct search *search, size_t base, size_t steps, struct span *found,
                       size_t most)
{
    struct text text = search->text;
    struct line line = {0};
    size_t findings = 0, done = 0;
    search->effort = &line.effort;
    for (size_t at = guard_line_start(text, base, base); at < text.length;) {
        at = guard_line_end(text, at, STEP);
        search->at = at;
        enum outcome outcome = reach_line(text, at, steps, &line) && at >= done ? FOUND : NOTHING;
        while (outcome == FOUND && findings < most) {
            struct span span;
            outcome = find(entry->finder, search, &span);
            if (outcome == NOTHING || (outcome == EXHAUSTED && !give_up(&line, base, &span)))
                break;
            if (outcome == FOUND && span.end - span.start >= OVERLONG)
                guard_extend(text, &span);
            done = span.end;
            span.rank = (uint8_t)entry->rank;
            if (span.start >= base)
                found[findings++] = span;
            outcome = at < done ? NOTHING : outcome;
        }
        at += at < text.length && text.bytes[at] == '\n';
    }
    return findings;
}

/* Set the bytes of `seen` whose numbers are those of hits. */
EXPORT void guard_numbers(const struct hit *hits, size_t count, uint8_t *seen)
{
    for (size_t index = 0; index < count; index++)
        seen[hits[index].form] = 1;
}

/* Find what stands around the hits, in order, by the finder of each one's form, and what begins from `base` on; there
 * are no more than there are hits and, behind leads, one for each LEAST bytes of the text. A trigger of a form with a lead
 * is there once, for all the text. A line that takes more `steps` a byte is masked as a whole. Leave those hits that have no finder or an unsure one, and say in `left` how many. Return how many findings. */
EXPORT size_t guard_find(const uint8_t *bytes, size_t length, size_t base, struct hit *hits, size_t count,
                         const struct entry *entries, size_t steps, struct span *found, size_t *left)
{
    struct text text = {bytes, length};
    struct cursor cursors[NO_RANK + 1] = {0};
    struct walk walk = {0};
    struct line line = {0};
    size_t done[NO_RANK + 1] = {0}, findings = 0, most = count + length / LEAST;
    *left = 0;
    for (size_t index = 0; index < count; index++) {
        struct hit hit = hits[index];
        const struct entry *entry = entries + hit.form;
        if (entry->rank >= NO_RANK)
            continue;
        if (!entry->finder) {
            hits[(*left)++] = hit;
            continue;
        }
        struct search search = {.text = text, .at = hit.end, .effort = &line.effort, .cursor = cursors + entry->rank, .walk = &walk};
        struct span span;
        if (entry->finder->lead) {
            findings += find_led(entry, &search, base, steps, found + findings, most - findings);
            continue;
        }
        if (hit.end <= done[entry->rank] || !reach_line(text, hit.end, steps, &line))
            continue;
        enum outcome outcome = find(entry->finder, &search, &span);
        if (outcome == NOTHING || (outcome == EXHAUSTED && !give_up(&line, base, &span)))
            continue;
        if (outcome == FOUND && search.unsure) {
            hits[(*left)++] = hit;
            continue;
        }
        if (outcome == FOUND && span.end - span.start >= OVERLONG)
            guard_extend(text, &span);
        done[entry->rank] = span.end;
        span.rank = (uint8_t)entry->rank;
        if (span.start >= base)
            found[findings++] = span;
    }
    return findings;
}
