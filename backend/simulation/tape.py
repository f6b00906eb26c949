"""The tape: all choices of one run, and what they belong to.

A file is one line of JSON that says what it is, for people and for refusing it, and then the choices:
two varints each (count and kind; what was taken), packed with zlib. A run of ten thousand choices takes
a few kilobytes.
"""

from __future__ import annotations

import platform
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from backend.simulation.choices import Choice, Kind
from backend.simulation.errors import TapeError
from backend.simulation.identity import Program
from backend.simulation.settings import Settings

FORMAT = "doubletalk.tape/1"
SUFFIX = ".tape"
# asyncio's own steps differ from one minor version to the next (wait_for in 3.12), and with them the choices.
PYTHON = ".".join(platform.python_version_tuple()[:2])

_KIND_BITS = 3
_KINDS = frozenset(map(int, Kind))
_HEADER_LIMIT = 65_536
_BODY_LIMIT = 1 << 28
_VARINT, _VARINT_BITS = 0x7F, 63


class _Header(Struct, frozen=True):
    tape: str
    program: str
    code: str
    python: str
    strategy: str
    seed: int
    settings: Settings
    choices: int
    crc: int


class Tape(Struct, frozen=True):
    """The choices of a run: ``(kind, count, taken)`` each, see `Choice`.

    ``seed`` is what the program's own random numbers came from, ``strategy`` who chose.
    """

    program: Program
    seed: int
    strategy: str
    settings: Settings
    choices: tuple[tuple[int, int, int], ...]
    python: str = PYTHON

    def __len__(self) -> int:
        """Number of choices."""
        return len(self.choices)

    def __iter__(self) -> Iterator[Choice]:
        """The choices, by name."""
        return (Choice(Kind(kind), count, taken) for kind, count, taken in self.choices)

    @property
    def deviations(self) -> int:
        """How many choices are other than asyncio's own."""
        return sum(taken != 0 for _, _, taken in self.choices)

    def cut(self) -> Tape:
        """Without the plain choices at its end, which are made anyhow."""
        last = max((number for number, choice in enumerate(self.choices, 1) if choice[2]), default=0)
        return msgspec.structs.replace(self, choices=self.choices[:last])

    # --- as bytes ---------------------------------------------------------------

    def encode(self) -> bytes:
        """The file's contents; the same tape is the same bytes."""
        body = zlib.compress(_packed(self.choices), 9)
        header = _Header(
            FORMAT,
            self.program.name,
            self.program.code,
            self.python,
            self.strategy,
            self.seed,
            self.settings,
            len(self.choices),
            zlib.crc32(body),
        )
        return msgspec.json.encode(header) + b"\n" + body

    @classmethod
    def decode(cls, data: bytes) -> Tape:
        """The tape in a file's contents.

        Raises:
            TapeError: it is none, is damaged, or of another version.
        """
        line, _, body = data.partition(b"\n")
        header = _header(line)
        if zlib.crc32(body) != header.crc:
            raise TapeError("the tape is damaged: its checksum is wrong; copy it again, or record anew")
        choices = tuple(_unpacked(_inflated(body)))
        if len(choices) != header.choices:
            raise TapeError(f"the tape is damaged: {len(choices)} choices where {header.choices} should be")
        program = Program(header.program, header.code)
        return cls(program, header.seed, header.strategy, header.settings, choices, header.python)

    def save(self, path: str | Path) -> None:
        """Write it to a file, in place of one that is there.

        Raises:
            TapeError: it cannot be written.
        """
        try:
            Path(path).write_bytes(self.encode())
        except OSError as error:
            raise TapeError(f"cannot write the tape {path}: {error.strerror or error}") from None

    @classmethod
    def load(cls, path: str | Path) -> Tape:
        """Read one from a file.

        Raises:
            TapeError: see `decode`; also what cannot be read.
        """
        try:
            return cls.decode(Path(path).read_bytes())
        except OSError as error:
            raise TapeError(f"cannot read the tape {path}: {error.strerror or error}") from None
        except TapeError as refused:
            raise TapeError(f"{path}: {refused}") from None

    def check(self, program: Program) -> None:
        """Refuse the tape for another program, version of it, or Python.

        Raises:
            TapeError: it was recorded with something else.
        """
        if program.name != self.program.name:
            raise TapeError(f"the tape is of {self.program.name}, not of {program.name}")
        if program.code != self.program.code:
            raise TapeError(
                f"the tape is of another version of {program.name} "
                f"(its code is {self.program.code}, now {program.code}): record it anew"
            )
        if self.python != PYTHON:
            raise TapeError(
                f"the tape was recorded on Python {self.python}, and this is {PYTHON}: "
                "asyncio takes other steps there; play it on that version, or record anew"
            )


def _header(line: bytes) -> _Header:
    try:
        told = msgspec.json.decode(line, type=dict) if len(line) <= _HEADER_LIMIT else {}
    except msgspec.MsgspecError:
        told = {}
    found = told.get("tape")
    if not isinstance(found, str) or not found.startswith("doubletalk.tape/"):
        raise TapeError("this is no tape")
    if found != FORMAT:
        raise TapeError(f"the tape is a {found}; this version plays {FORMAT}")
    try:
        return msgspec.convert(told, _Header)
    except msgspec.ValidationError as error:
        raise TapeError(f"the tape is damaged: {error}") from None


def _packed(choices: Sequence[tuple[int, int, int]]) -> bytes:
    out = bytearray()
    for kind, count, taken in choices:
        for number in (count << _KIND_BITS | kind, taken):
            while number > _VARINT:
                out.append(number & _VARINT | 0x80)
                number >>= 7  # noqa: PLW2901 - the number is used up
            out.append(number)
    return bytes(out)


def _inflated(body: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(body, _BODY_LIMIT)
    except zlib.error as error:
        raise TapeError(f"the tape is damaged: {error}") from None
    if not inflate.eof or inflate.unused_data:
        raise TapeError("the tape is damaged: it is cut off, too long, or something follows it")
    return data


def _unpacked(data: bytes) -> Iterator[tuple[int, int, int]]:
    numbers = _varints(data)
    for first in numbers:
        taken = next(numbers, None)
        kind, count = first & (1 << _KIND_BITS) - 1, first >> _KIND_BITS
        if taken is None or kind not in _KINDS or not 0 <= taken < count:
            raise TapeError("the tape is damaged: a choice of what was not to be had")
        yield kind, count, taken


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & _VARINT) << shift
        if byte & 0x80:
            shift += 7
            if shift > _VARINT_BITS:
                raise TapeError("the tape is damaged: a number without end")
        else:
            yield number
            number = shift = 0
    if shift:
        raise TapeError("the tape is damaged: it ends within a number")
