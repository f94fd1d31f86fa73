/* How far a value goes on that is longer than its form looks, as guardcli/masking/overlong.py says. */

#include <string.h>

#include "guard_mask.h"
#include "values.h"

enum rest { NONE, WORD_REST, LINE_REST, DOUBLE_REST, SINGLE_REST, ESCAPED_REST }; /* as in overlong.py */

/* Let a value that is longer than its form looks go on to where its quote, its line or its word ends. */
void guard_extend(struct text text, struct span *span)
{
    int before = span->start ? text.bytes[span->start - 1] : -1;
    size_t end = span->end;
    uint8_t rest = WORD_REST;
    if (before == '"')
        rest = span->start > 1 && text.bytes[span->start - 2] == '\\' ? ESCAPED_REST : DOUBLE_REST;
    else if (before == '\'')
        rest = SINGLE_REST;
    else if (memchr(text.bytes + span->start, ' ', end - span->start) || memchr(text.bytes + span->start, '\t', end - span->start))
        rest = LINE_REST;
    for (; end < text.length; end++) {
        uint8_t byte = text.bytes[end];
        int next = at(text, end + 1);
        if (rest == WORD_REST ? !byte || is_space(byte) || byte == '"' || byte == '\'' || byte == '<' || byte == '>' : byte == '\n')
            break;
        if (rest < DOUBLE_REST)
            continue;
        if (byte == (rest == SINGLE_REST ? '\'' : '"') || (byte == '\\' && (next == '\n' || (next == '"' && rest == ESCAPED_REST))))
            break;
        end += byte == '\\' && next >= 0;
    }
    span->end = (uint32_t)end;
    span->rest = end == text.length ? rest : NONE;
}
