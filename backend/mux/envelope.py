"""What an entry holds: a line about all of its events, then the events' own lines, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

SCHEMA: Final = "doubletalk.entry/1"
MOST_BYTES: Final = 16 << 20
"""An entry above this is nobody's that we know: ours have half a MiB, or one event."""

_SHOWN: Final = 60


class PoisonedError(ValueError):
    """An entry without events that can be read; the text says why, in a few words."""


class About(Struct, tag_field="schema", tag=SCHEMA, frozen=True):
    """Who put an entry there. ``run`` is one run of one sink, which numbers its entries from 1.

    ``ingested_ns`` is the wall clock of ``host`` when the entry was made.
    """

    run: str
    number: int
    host: str
    service: str
    environment: str
    ingested_ns: int
    events: int


class Envelope(NamedTuple):
    """An entry that was read. Without `about` it is somebody else's, who wrote plain lines."""

    about: About | None
    lines: list[bytes]


class _Kind(Struct, frozen=True):
    schema: str | None = None
    event_type: str | None = None


_about: Final = msgspec.json.Decoder(About)
_kind: Final = msgspec.json.Decoder(_Kind)


def sealed(about: About, lines: Sequence[bytes]) -> bytes:
    """The entry. ``lines`` are events without newlines, or text of several that ends in none."""
    return b"\n".join((msgspec.json.encode(about), *lines))


def opened(payload: bytes) -> Envelope:
    """The reverse; lines of events alone are taken too, so that anybody can put some there.

    Raises:
        PoisonedError: it is something else.
    """
    if not payload:
        raise PoisonedError("the server kept its name, but not its content")
    if len(payload) > MOST_BYTES:
        raise PoisonedError(f"{len(payload):,} bytes, over the limit of {MOST_BYTES:,}")
    first, _, rest = payload.partition(b"\n")
    try:
        kind = _kind.decode(first)
        if kind.schema == SCHEMA:
            return Envelope(_about.decode(first), _lines(rest))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonedError(f"no entry of ours, nor events: {str(error)[:_SHOWN]}") from None
    if kind.schema is not None and kind.schema.startswith("doubletalk.entry/"):
        raise PoisonedError(f"its form is {kind.schema[:_SHOWN]!r}; this reader knows {SCHEMA}")
    if kind.event_type is None:
        raise PoisonedError("JSON, but no event")
    return Envelope(None, _lines(payload))


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip()]
