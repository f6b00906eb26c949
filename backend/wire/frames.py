"""The frames of the feed's dialogue, and the one way to write them down.

Frames are JSON objects told apart by ``type``; a plain event has none. A client
that asks for ``format: msgpack`` gets the same objects as MessagePack in binary frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from backend.wire.control import ControlOffer, ControlResult, ControlState

PROTOCOL: Final = "doubletalk.feed/1"
"""Named in every hello; the number grows when an old client could no longer read the feed."""

SUBPROTOCOL: Final = "doubletalk.feed.1"
"""What a browser offers as WebSocket subprotocol beside its token; the server selects it."""

MAX_CLIENT_FRAME: Final = 64 * 1024
"""Bytes a client may send in one frame. A subscribe is a few hundred."""

MAX_FRAME: Final = 64 * 1024
"""Bytes of events put in one frame, unless a single event is larger."""

CLOSE_GOING_AWAY: Final = 1001
CLOSE_VIOLATION: Final = 1008
CLOSE_TOO_BIG: Final = 1009

Format = Literal["json", "msgpack"]
Dialect = Literal["native", "system", "web"]
Severity = Literal["debug", "info", "warning", "error"]

MOST_NAMES: Final = 1000
"""Entries of a list in a subscribe."""
_Name = Annotated[str, Meta(max_length=500)]
_Names = Annotated[tuple[_Name, ...], Meta(max_length=MOST_NAMES)]
_Seqs = Annotated[dict[str, int], Meta(max_length=MOST_NAMES)]

_SHOWN = 120  # characters of a foreign message repeated in an error


class ProtocolViolation(Exception):  # noqa: N818 - it names what happened; h11 and websockets do so too
    """The other side broke the protocol. The text is one line for people; ``code`` closes the socket."""

    def __init__(self, message: str, code: int = CLOSE_VIOLATION) -> None:
        super().__init__(message)
        self.code = code


class Subscribe(Struct, tag_field="type", tag="subscribe", frozen=True, omit_defaults=True):
    """What a client wants. Absent lists mean everything.

    ``since_seq`` N asks for the events after N, so 0 asks for all of the history.
    ``source`` (an extension) names the source that N was counted in; where it is
    not the server's, N means nothing there and the whole history is sent.
    ``since`` (an extension) says the same of several sources, and stands in the place of both: of a source
    that it does not name everything is sent.
    ``states`` (an extension) asks for the state of components, where the client cannot know it.
    ``types`` matches `event_type`, `message_type` or the dialect's type;
    ``severity`` is the least one. Without ``batch`` each frame carries one event.
    """

    since_seq: int | None = None
    source: _Name | None = None
    types: _Names | None = None
    components: _Names | None = None
    sessions: _Names | None = None
    severity: Severity | None = None
    batch: bool = False
    format: Format = "json"
    dialect: Dialect = "native"
    since: _Seqs | None = None
    states: bool = False

    @property
    def filtered(self) -> bool:
        """Whether some events are left out, so that the client cannot count on gapless ``seq``."""
        chosen = (self.types, self.components, self.sessions, self.severity)
        return self.dialect != "native" or any(part is not None for part in chosen)


class Hello(Struct, tag_field="type", tag="hello", frozen=True):
    """The answer to a subscribe.

    The history holds ``oldest_seq`` to ``next_seq`` - 1 of ``source``, the ring's latest;
    ``start_seq`` is the first one this client is going to get. ``source`` is null
    while nothing was emitted yet. ``starts`` says the same as ``start_seq`` of each source, for there may be
    several. ``topology`` is an object of the producer's; ``control``
    says whether the program can be held, and by this client.
    """

    protocol: str
    source: str | None
    oldest_seq: int
    next_seq: int
    start_seq: int
    topology: Raw = Raw(b"{}")
    control: ControlOffer = ControlOffer()
    starts: dict[str, int] = {}

    def topology_object(self) -> dict[str, Any]:
        """The topology as a fresh dict; anything but an object reads as empty."""
        decoded = msgspec.json.decode(self.topology)
        return decoded if isinstance(decoded, dict) else {}


class Gap(Struct, tag_field="type", tag="gap", frozen=True):
    """Events ``from_seq`` to ``to_seq``, both included, of ``source`` are lost to this client."""

    from_seq: int
    to_seq: int
    source: str | None = None


class StatesFrame(Struct, tag_field="type", tag="states", frozen=True):
    """Snapshots as of the moment before the client's first event: the event that told each, as recorded.

    They come before any event, in as many frames as they need. ``omitted`` snapshots are kept no longer.
    """

    states: list[Raw]
    omitted: int = 0


class ErrorFrame(Struct, tag_field="type", tag="error", frozen=True):
    """Why the server is about to close the connection, in one line."""

    message: str


class Frame(Struct, frozen=True, dict=True):
    """One WebSocket message to send: ``text`` or binary, carrying ``events`` events.

    Its payload comes in parts, so that it is put together once, where it is written.
    """

    parts: tuple[bytes, ...]
    text: bool = True
    events: int = 0

    @property
    def data(self) -> bytes:
        """The payload."""
        return b"".join(self.parts)

    @cached_property
    def as_websocket(self) -> bytes:
        """The whole message as an unmasked WebSocket frame (RFC 6455, 5.2), ready for any transport."""
        opcode = b"\x81" if self.text else b"\x82"
        size = sum(map(len, self.parts))
        if size < 126:  # noqa: PLR2004 - lengths of the RFC
            length = size.to_bytes(1, "big")
        elif size < 1 << 16:
            length = b"\x7e" + size.to_bytes(2, "big")
        else:
            length = b"\x7f" + size.to_bytes(8, "big")
        return b"".join((opcode, length, *self.parts))


_subscribe = msgspec.json.Decoder(Subscribe)
_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class ClientFrame(Struct, frozen=True):
    """Any frame of a client, as far as a server has to look before it decodes it."""

    type: Any = None


_BEGINNING: Final = 200
_client_frame = msgspec.json.Decoder(ClientFrame)


def is_control(frame: str | bytes) -> bool:
    """Whether a client's message is a request of control, right or wrong."""
    try:
        return bool(_client_frame.decode(frame).type == "control")
    except RecursionError:  # nested without end: whether it was a request is then told by its beginning
        beginning = frame[:_BEGINNING]
        return b'"control"' in (beginning.encode() if isinstance(beginning, str) else beginning)
    except (msgspec.DecodeError, UnicodeError):
        return False


def parse_client_frame(frame: str | bytes) -> Subscribe:
    """The client's message, which can only be a subscribe: `is_control` was asked before.

    Raises:
        ProtocolViolation: too large, not JSON, or not a subscribe; the text says which.
    """
    if len(frame) > MAX_CLIENT_FRAME:
        raise ProtocolViolation(
            f"message of {len(frame)} bytes is over the limit of {MAX_CLIENT_FRAME}", CLOSE_TOO_BIG
        )
    try:
        wanted = _subscribe.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolViolation(f'expected {{"type":"subscribe",…}}: {one_line(error)}') from None
    if min(wanted.since_seq or 0, *(wanted.since or {}).values(), 0) < 0:
        raise ProtocolViolation("since_seq counts from 0, and so does since; negative makes no sense")
    return wanted


def one_line(text: object, most: int = _SHOWN) -> str:
    """Foreign text, fit for an error message: one line, no control characters, bounded."""
    flat = "".join(char if char.isprintable() else " " for char in str(text)[: most * 2])
    flat = " ".join(flat.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


ControlFrame = Subscribe | Hello | Gap | StatesFrame | ErrorFrame | ControlResult | ControlState


def control_frame(message: ControlFrame, fmt: Format = "json") -> Frame:
    """Any frame but an events frame, encoded."""
    if fmt == "json":
        return Frame((_json.encode(message),))
    # Raw holds JSON text: only a decoded copy can be written as MessagePack.
    return Frame((_msgpack.encode(msgspec.json.decode(_json.encode(message))),), text=False)


def events_frame(encoded: Sequence[bytes], count: int) -> Frame:
    """`count` events in JSON, in runs that are joined by commas already, as one frame."""
    parts: list[bytes] = [b'{"type":"events","events":[']
    for run in encoded:
        parts += (run, b",")
    parts[-1] = b"]}"
    return Frame(tuple(parts), events=count)


# {"type": "events", "events": <array 32>}: a map of two, written by hand so that
# events encoded one by one can be spliced in.
_MSGPACK_EVENTS = b"\x82\xa4type\xa6events\xa6events\xdd"


def events_frame_msgpack(encoded: Sequence[bytes]) -> Frame:
    """Events, each already encoded as MessagePack, as one binary frame."""
    count = len(encoded)
    return Frame((_MSGPACK_EVENTS, count.to_bytes(4, "big"), *encoded), text=False, events=count)


class ServerFrame(Struct, frozen=True):
    """Any frame of a server, as far as a client has to look: absent fields are `UNSET`."""

    type: str | UnsetType = UNSET
    event_type: str | UnsetType = UNSET
    events: list[Raw] | UnsetType = UNSET
