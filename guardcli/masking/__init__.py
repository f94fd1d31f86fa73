"""Masks secrets and personal data in streams of bytes: bytes in, bytes out; no clock, no I/O.

=================  ==================================================================================
``engine``         `Masker`: the rules, compiled
``stream``         `MaskStream`: one output stream; what is held back, what may go
``scanner``        the first pass over everything, on hyperscan
``detector``       what every detector is; ``detectors/`` has one a file
``plan``           what holds for one tool: finds what is secret in a piece of text
``followers``      what goes on over lines: ``keyblock``, ``secretdata``, ``blockscalar``, ``nextvalue``,
                   ``tables``, ``records``, ``markup``, ``nested``
``rows``           walks over plain rows in `native`; ``headings`` has the names of columns that tell
``numbering``      plans of telephone numbers for `native`
``columns``        columns of tables and keys of JSON and YAML that a rule names; ``asides``, where else they show
``tokens``         base of the detectors of tokens with a prefix; ``native`` binds what is compiled
``views``          terminal output without its escape sequences, with the map back
``encoded``        secrets in base64, hex, percent-encoding and JSON escapes, by ``decoding``; where a policy asks
``transcoding``    streams in UTF-16 and UTF-32, and gzip streams; where a policy asks
``wrapped``        base64 and hexadecimal digits that are broken into lines; where a policy asks
``forms``          base of the detectors that know a secret by the form around it; ``places``, ``links``, ``devices``,
                   ``calls`` and ``told`` have such forms; ``announced``, ``inserted`` by another line or list,
                   ``telling`` by a table's header
``names``          the names that tell of a secret; ``vendors`` has the prefixes of tokens
``rightside``      tells a value from code, prose and paths; ``chosen`` what somebody chose to be secret
``strategies``     what takes the place of a secret, fitting what stands around it
``placeholders``   tells a variable or ``<password>`` from a secret
``cache``          keeps the compiled patterns on disk between runs; the one module with I/O
=================  ==================================================================================

The owner of a stream does the I/O: it feeds what it reads, writes what comes back, calls `MaskStream.idle` after
about 50 ms of silence while `MaskStream.held` is not 0, and `MaskStream.finish` at the end.
"""

from guardcli.masking.defaults import DEFAULT_RULES
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.engine import Masker
from guardcli.masking.stream import MaskStream
from guardcli.masking.transcoding import Transcoded
from guardcli.masking.wrapped import Wrapped

DETECTOR_NAMES: tuple[str, ...] = tuple(REGISTRY)
"""The names that a rule's `detect` may hold, in order of precedence."""

Stream = MaskStream | Wrapped | Transcoded
"""A filter for one stream of output: what `Masker.stream` returns."""

__all__ = ["DEFAULT_RULES", "DETECTOR_NAMES", "MaskStream", "Masker", "Stream"]
