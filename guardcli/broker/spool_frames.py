"""The files of a spool: frames that are appended, each sealed, and read again as far as they are whole.

A frame (AES-256-GCM, NIST SP 800-38D; 96-bit random nonces, so that a frame that is written anew after a crash or on a
full disk shares its nonce with none)::

    4 bytes   length of what is sealed, big-endian, the tag of 16 bytes included
    12 bytes  nonce
    4 bytes   CRC-32 of these 16: a length that was damaged is not taken for one that goes on beyond the end
    …         what is sealed; bound to the name of the file and the place of the frame in it

The last frame may be torn: short, or with zeros to the end of the file where the machine lost its power. That is the
end of the file, for now. Anything else that does not open was damaged, and is said so with its place.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guardcli.model.errors import UnavailableError

KEY_BYTES = 32

FRAME_MAX = 64 << 20
"""Bytes that one frame seals at the most: what is longer was not written by a broker."""

_FRONT = struct.Struct(">I12s")
_CHECK = struct.Struct(">I")
HEADER = _FRONT.size + _CHECK.size
TAG = 16
NONCES = 128
"""So many are drawn at once."""
ZEROS = 16
"""So many zeros at the end of a file are a part that never reached the disk: as a tag, one in 2^128 frames has them."""


def unwritable(path: Path, error: OSError) -> UnavailableError:
    """Return what is said where the record cannot be written."""
    return UnavailableError(
        f"the record cannot be written to {path}: {error.strerror}",
        hint="nothing runs unrecorded; make room or mend the directory, then try again",
    )


class FrameWriter:
    """A file of frames that is only appended to, where a failed write leaves nothing behind."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Open the file, which ends with a whole frame. Raises OSError."""
        self._path = path
        self._cipher = AESGCM(key)
        self._name = path.name.encode()
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.size = os.fstat(self._fd).st_size
        self.sealed = 0
        """Bytes that were appended by this writer, before they were sealed."""
        self.failed = False
        """Whether the last write did."""
        self._nonces: list[bytes] = []

    def append(self, data: bytes) -> None:
        """Write `data` as one frame, or nothing. Raises UnavailableError."""
        nonce = self._nonces.pop() if self._nonces else self._more_nonces()
        front = _FRONT.pack(len(data) + TAG, nonce)
        closed = self._cipher.encrypt(nonce, data, _bound(self._name, self.size))
        frame = b"%b%b%b" % (front, _CHECK.pack(zlib.crc32(front)), closed)
        written = 0
        try:
            while written < len(frame):
                written += os.write(self._fd, frame[written:] if written else frame)
        except OSError as error:
            # A torn tail that cannot be cut off either is cut off by whoever recovers the spool.
            self.failed = True
            with suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise unwritable(self._path, error) from error
        self.failed = False
        self.size += written
        self.sealed += len(data)

    def _more_nonces(self) -> bytes:
        drawn = os.urandom(NONCES * 12)
        self._nonces += [drawn[at : at + 12] for at in range(12, len(drawn), 12)]
        return drawn[:12]

    def sync(self) -> None:
        """Bring what was written to the disk."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class FrameReader:
    """Reads frames one after the other, following what is appended."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Open the file. Raises OSError."""
        self._cipher = AESGCM(key)
        self._name = path.name.encode()
        self._file = open(path, "rb")  # noqa: SIM115 - closed by `close`
        self.position = 0
        """Where the next frame begins."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def seek(self, position: int = 0) -> None:
        """Go on with the frame that begins at `position`."""
        self._file.seek(position)
        self.position = position

    def read(self) -> bytes | None:
        """Return what the next frame seals, None where there is no whole one now. Raises ValueError for damage."""
        found = self._header()
        if found is None:
            return None
        nonce, size = found
        closed = self._file.read(size)
        if len(closed) < size:
            self._file.seek(self.position)
            return None
        try:
            data = self._cipher.decrypt(nonce, closed, _bound(self._name, self.position))
        except InvalidTag:
            self._check_torn(HEADER + size, "does not open")
            return None
        self.position += HEADER + size
        return data

    def skip(self) -> int | None:
        """Pass over the next frame unopened; return how many bytes it seals, None where there is no whole one now."""
        found = self._header()
        if found is None:
            return None
        _, size = found
        end = self.position + HEADER + size
        if os.fstat(self._file.fileno()).st_size < end:
            self._file.seek(self.position)
            return None
        self.seek(end)
        return size - TAG

    def _header(self) -> tuple[bytes, int] | None:
        """Return nonce and length of the next frame, None where there is none now."""
        header = self._file.read(HEADER)
        if len(header) < HEADER:
            self._file.seek(self.position)
            return None
        size, nonce = _FRONT.unpack_from(header)
        if _CHECK.unpack_from(header, _FRONT.size)[0] != zlib.crc32(header[: _FRONT.size]):
            self._check_torn(HEADER, "has a damaged header")
            return None
        if not TAG <= size <= FRAME_MAX:
            raise ValueError(f"the frame at byte {self.position} of {self._name.decode()} has {size} bytes")
        return nonce, size

    def _check_torn(self, length: int, why: str) -> None:
        """Go back to the frame's beginning where its end never reached the disk. Raises ValueError where it did."""
        self._file.seek(self.position)
        if self.position + length > self._zeros():
            return
        raise ValueError(f"the frame at byte {self.position} of {self._name.decode()} {why}")

    def _zeros(self) -> int:
        """Return from which byte on the file has zeros alone, its very end where it has fewer than `ZEROS` there."""
        end = start = os.fstat(self._file.fileno()).st_size
        while start:
            before = max(0, start - (1 << 16))
            part = os.pread(self._file.fileno(), start - before, before)
            start = before + len(part.rstrip(b"\0"))
            if start > before:
                break
        return start if end - start >= ZEROS else end


def _bound(name: bytes, position: int) -> bytes:
    return b"%b %d" % (name, position)


class RecordingReader:
    """Reads the recording by offsets into what was recorded; quickest where each read begins where the last ended."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Open the file. Raises OSError."""
        self._frames = FrameReader(path, key)
        self._start = 0
        self._kept = b""

    @property
    def position(self) -> int:
        """How many bytes of the file were read so far."""
        return self._frames.position

    def close(self) -> None:
        """Close the file."""
        self._frames.close()

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` on, fewer where there are no more now. Raises ValueError for damage."""
        if offset < self._start:
            self._frames.seek()
            self._start, self._kept = 0, b""
        while offset > self._start + len(self._kept):
            self._start, self._kept = self._start + len(self._kept), b""
            before = self._frames.position
            size = self._frames.skip()
            if size is None:
                return b""
            if self._start + size > offset:
                self._frames.seek(before)
                self._kept = self._frames.read() or b""
                if not self._kept:
                    return b""
            else:
                self._start += size
        self._kept, self._start = self._kept[offset - self._start :], offset
        parts, found = [self._kept], len(self._kept)
        while found < length and (data := self._frames.read()) is not None:
            parts.append(data)
            found += len(data)
        self._kept = b"".join(parts)
        return self._kept[:length]
