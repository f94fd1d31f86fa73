"""The process of `shell_trial`: reads texts, each after its length, and answers each with a byte.

``y`` stands for a text that the grammar reads, ``n`` for one with a fault in it. For one that takes too long there is
no answer: the kernel ends the process. Run as a program of its own, with the directories to import from as arguments;
it imports nothing of guard's, since it has to be there soon.
"""

import signal
import struct
import sys
from typing import BinaryIO

CPU_SECONDS = 0.025
"""Time of the processor for one text. An ordinary one of the greatest length takes a fifth of it."""

_LENGTH = struct.Struct("=I")


def serve(asked: BinaryIO, answered: BinaryIO) -> None:
    """Answer until there are no more questions."""
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    parser = Parser(Language(tree_sitter_bash.language()))
    while len(header := asked.read(_LENGTH.size)) == _LENGTH.size:
        text = asked.read(_LENGTH.unpack(header)[0])
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        fault = parser.parse(text).root_node.has_error
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        answered.write(b"n" if fault else b"y")
        answered.flush()


if __name__ == "__main__":
    sys.path[:] = [*sys.path, *sys.argv[1:]]
    serve(sys.stdin.buffer, sys.stdout.buffer)
