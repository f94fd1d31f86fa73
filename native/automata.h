/* Automata that automata.py makes of expressions.py: each tells in one reading whether a text is of a form. */

#ifndef GUARD_AUTOMATA_H
#define GUARD_AUTOMATA_H

#include "guard_mask.h"

/* `rows` holds, for a state and a class of bytes, where the next state's row begins: 0 is the dead state's, `start` the first
 * one's, and those from `accepting` on accept. */
struct automaton {
    const uint8_t *classes;
    const uint16_t *rows;
    uint32_t start, accepting;
};

/* A pattern: the automaton's classes and rows, as in automata.h, and how many matches and steps are enough. */
struct pattern {
    const uint8_t *classes;
    const uint16_t *rows;
    uint32_t start, accepting;
    uint64_t matches, steps;
};

#define AUTOMATON(name) extern const struct automaton guard_##name
AUTOMATON(names); AUTOMATON(typed); AUTOMATON(signed); AUTOMATON(flagged);
AUTOMATON(head); AUTOMATON(head_begins); AUTOMATON(code); AUTOMATON(parameter);
AUTOMATON(placeholder); AUTOMATON(asking); AUTOMATON(stars); AUTOMATON(crosses); AUTOMATON(dummy); AUTOMATON(hollow);
AUTOMATON(rules); AUTOMATON(message); AUTOMATON(path); AUTOMATON(call); AUTOMATON(attribute); AUTOMATON(letters); AUTOMATON(type); AUTOMATON(expression);
AUTOMATON(sentence); AUTOMATON(stop); AUTOMATON(operand); AUTOMATON(label); AUTOMATON(small_number);
AUTOMATON(telling); AUTOMATON(capital); AUTOMATON(code_word); AUTOMATON(version); AUTOMATON(fields); AUTOMATON(term); AUTOMATON(kind);
AUTOMATON(suspect); AUTOMATON(formatted); AUTOMATON(metavariable); AUTOMATON(ciphers);
AUTOMATON(ordinary_word); AUTOMATON(ordinary_name); AUTOMATON(ordinary_place);
AUTOMATON(strict); AUTOMATON(short); AUTOMATON(public); AUTOMATON(inside_a_word); AUTOMATON(owned); AUTOMATON(option); AUTOMATON(long_option);

AUTOMATON(column_strict); AUTOMATON(column_loose); AUTOMATON(column_numbers); AUTOMATON(column_identifiers);
AUTOMATON(column_of_none); AUTOMATON(bar_name);
AUTOMATON(key_name); AUTOMATON(key_marker); AUTOMATON(key_lines); AUTOMATON(scalar_head);

AUTOMATON(told); AUTOMATON(yaml_start); AUTOMATON(cookie); AUTOMATON(words);

/* n times its binary logarithm, times 1 << 32. */
extern const uint64_t guard_information[65];

/* The forms of tails.py: what follows a name, what stands before it and how it ends (null: whatever it is), and how many bytes
 * may follow up to the end of the line, where the form ends then (0: it ends where it is accepted). A bit for each form says
 * with which byte it may begin behind the name, which byte may come there behind blanks (256: none at all), which one may
 * stand just before the name, and which ones between `before` and the name. */
struct tail {
    const struct automaton *behind, *before, *name;
    uint32_t rest;
};
extern const struct tail guard_tails[];
extern const uint64_t guard_tails_first[256], guard_tails_after[257], guard_tails_prior[256], guard_tails_run[256];

/* The ends of lines of lineends.py; a bit for each says with which byte it may end, but for blanks. */
extern const struct automaton *const guard_line_ends[];
extern const uint64_t guard_line_ends_last[256];

static inline uint32_t step(const struct automaton *of, uint32_t state, uint8_t byte)
{
    return of->rows[state + of->classes[byte]];
}

/* Tell whether the whole of `text` is of the form. */
static inline bool accepts(const struct automaton *of, struct text text)
{
    uint32_t state = of->start;
    for (size_t place = 0; place < text.length && state; place++)
        state = step(of, state, text.bytes[place]);
    return state >= of->accepting;
}

/* Tell whether `text` ends with the form, by an automaton that reads backwards. */
static inline bool ends(const struct automaton *of, struct text text)
{
    uint32_t state = of->start;
    for (size_t place = text.length; place-- && state;)
        if ((state = step(of, state, text.bytes[place])) >= of->accepting)
            return true;
    return state && step(of, state, '\n') >= of->accepting;
}

#endif
