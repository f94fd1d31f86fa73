"""Masks secrets and personal data in streams of bytes: bytes in, bytes out; no clock, no I/O.

==============  =======================================================================================
``engine``      `Masker`: the rules, compiled
``stream``      `MaskStream`: one output stream; what is held back, what may go; ``exact`` for values that are known
``scanner``     the first pass over everything, on hyperscan; ``cache`` keeps its patterns: the one module with I/O
``plan``        what holds for one tool: finds what is secret in a piece of text; ``sieve`` where to look
``leading``     leads followers from line to line
``detector``    what every detector is; ``detectors/`` has one a file
``forms/``      what secrets look like that are told by a name, a prefix or the form around them
``followers/``  what goes on over lines: key blocks, data of a Secret, values announced by the line before
``tables/``     tables, records and documents in which names stand over values
``encoded/``    what a tool has encoded, where a policy asks
``compiled/``   what is in C (``native/``), and how it is asked
``patterns``    a policy's own patterns and values; ``defaults``, what is masked without a policy
``views``       terminal output without its escape sequences, with the map back
``strategies``  what takes the place of a secret, fitting what stands around it; ``overlong``, how far a long one goes
``spans``       the values that these exchange
==============  =======================================================================================

The owner of a stream does the I/O: it feeds what it reads, writes what comes back, calls `MaskStream.idle` after
about 50 ms of silence while `MaskStream.held` is not 0, and `MaskStream.finish` at the end.
"""

from guardcli.masking.defaults import DEFAULT_RULES
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.encoded.transcoding import Transcoded
from guardcli.masking.encoded.wrapped import Wrapped
from guardcli.masking.engine import Masker
from guardcli.masking.stream import MaskStream

DETECTOR_NAMES: tuple[str, ...] = tuple(REGISTRY)
"""The names that a rule's `detect` may hold, in order of precedence."""

Stream = MaskStream | Wrapped | Transcoded
"""A filter for one stream of output: what `Masker.stream` returns."""

__all__ = ["DEFAULT_RULES", "DETECTOR_NAMES", "MaskStream", "Masker", "Stream"]
