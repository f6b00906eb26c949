"""The frames of live control: what a client may ask of a running bus, and what it is told. No I/O.

A request is ``{"type": "control", "id": 7, "do": "pause", …}``; the answer to each is one
``{"type": "control_result", "id": 7, "ok": true}``, or ``"ok": false`` with an ``error`` of one line. A
request that is wrong costs its sender nothing but that answer: the connection goes on. Whatever changes is
told to every subscribed client as ``control_state``, the whole of it each time.
Requests come in JSON, as a subscribe does; answers and state go in the format that was subscribed to.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from backend.wire.query.nodes import Node

LEASE_SECONDS: Final = 15.0
"""Without a word for that long a controller counts as gone, unless it asked for another lease."""

Mode = Literal["off", "running", "paused", "stepping"]
Then = Literal["pause", "hold"]
What = Literal["delivery", "turn"]

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Ids = Annotated[tuple[_Name, ...], Meta(min_length=1, max_length=1000)]
_Names = Annotated[tuple[_Name, ...], Meta(min_length=1, max_length=200)]

# --- requests: a struct for each ``do`` --------------------------------------------------


class Take(Struct, tag_field="do", tag="take", frozen=True, omit_defaults=True):
    """Become the controller: one at a time. ``name`` is who others are told that it is.

    ``lease`` seconds without a word (any request; `Alive` is one that does nothing) and it counts as gone.
    """

    name: Annotated[str, Meta(max_length=100)] = ""
    lease: Annotated[float, Meta(ge=1, le=3600)] = LEASE_SECONDS


class LetGo(Struct, tag_field="do", tag="let_go", frozen=True):
    """Give control back. All that was held is released."""


class Alive(Struct, tag_field="do", tag="alive", frozen=True):
    """Nothing but a sign of life."""


class Pause(Struct, tag_field="do", tag="pause", frozen=True, omit_defaults=True):
    """Hold every delivery from now on. ``why`` is repeated to the observers: a finding, say."""

    why: Annotated[str, Meta(max_length=500)] = ""


class Resume(Struct, tag_field="do", tag="resume", frozen=True):
    """Let all go in order that is not held by itself."""


class Step(Struct, tag_field="do", tag="step", frozen=True, omit_defaults=True):
    """Let one delivery go, the oldest unless it is named; or run until the turn it belongs to is over."""

    what: What = "delivery"
    delivery: _Name | None = None


class Break(Struct, tag_field="do", tag="break", frozen=True, omit_defaults=True):
    """From now on, when an event is about to be such: pause the bus, or hold the deliveries of it.

    ``text`` is the condition as people write it. ``message_types`` and ``components`` narrow it further,
    and make it cheaper. A break of the same name is replaced.
    """

    name: _Name
    when: Node | None = None
    text: Annotated[str, Meta(max_length=2000)] = ""
    message_types: _Names | None = None
    components: _Names | None = None
    then: Then = "pause"


class Unbreak(Struct, tag_field="do", tag="unbreak", frozen=True):
    """Take a break away."""

    name: _Name


class Hold(Struct, tag_field="do", tag="hold", frozen=True):
    """Keep these deliveries, which wait, though others go."""

    deliveries: _Ids


class Release(Struct, tag_field="do", tag="release", frozen=True):
    """Let these deliveries go, paused or not, in this order: none begins before the one named before it."""

    deliveries: _Ids


class Drop(Struct, tag_field="do", tag="drop", frozen=True):
    """Have these deliveries never happen."""

    deliveries: _Ids


class Inject(Struct, tag_field="do", tag="inject", frozen=True, omit_defaults=True):
    """Publish a message in the name of ``component``, one that is at the bus.

    ``data`` has to fit the message's type. It belongs to what the session does at present, or to ``turn``.
    """

    message_type: _Name
    component: _Name
    data: Raw = Raw(b"{}")
    session_id: _Name | None = None
    turn: Annotated[int, Meta(ge=0)] | None = None


class Delay(Struct, tag_field="do", tag="delay", frozen=True):
    """Deliver what goes to ``component`` that much later; 0 takes the delay away."""

    component: _Name
    seconds: Annotated[float, Meta(ge=0, le=3600)]


class Pace(Struct, tag_field="do", tag="pace", frozen=True):
    """How fast the voice plays: 2 is twice as fast as recorded."""

    pace: Annotated[float, Meta(ge=0.1, le=10)]


Request: TypeAlias = (
    Take
    | LetGo
    | Alive
    | Pause
    | Resume
    | Step
    | Break
    | Unbreak
    | Hold
    | Release
    | Drop
    | Inject
    | Delay
    | Pace
)

# --- what the server says ------------------------------------------------------------------


class ControlResult(Struct, tag_field="type", tag="control_result", frozen=True, omit_defaults=True):
    """What became of the request ``id``; 0 where none could be read.

    ``deliveries`` are those that it was about, ``event`` is the id of the event that records it.
    """

    id: int
    ok: bool
    error: str | None = None
    deliveries: tuple[str, ...] = ()
    event: str | None = None


class HeldDelivery(Struct, frozen=True, rename={"sender": "from", "receiver": "to"}):
    """A delivery that waits because it is held. ``publish`` is the id of its ``message_published``.

    ``alone`` says that it is held by itself, and stays when the bus resumes. ``ordered_after`` are held
    deliveries that its mailbox would give first: let go before them, it comes out of order.
    """

    delivery: str
    publish: str
    message_type: str
    sender: str
    receiver: str
    session_id: str | None
    turn: int | None
    since_ns: int
    alone: bool = False
    ordered_after: tuple[str, ...] = ()


class BreakState(Struct, frozen=True):
    """A break, how often it was met, and if it raised: why it is ``disarmed``."""

    name: str
    when_text: str
    then: Then
    hits: int = 0
    disarmed: str | None = None


class ControlState(Struct, tag_field="type", tag="control_state", frozen=True):
    """All that is controlled, as it is now. ``since_ns`` are monotonic, of the events' own ``mono_ns``.

    ``by`` is the controller's name, ``mode`` is ``off`` where there is none. ``held`` is bounded: ``more``
    are not listed. ``timeouts`` names what runs on while the bus is paused.
    """

    by: str | None = None
    mode: Mode = "off"
    why: str | None = None
    since_ns: int | None = None
    held: tuple[HeldDelivery, ...] = ()
    more: int = 0
    breaks: tuple[BreakState, ...] = ()
    delays: dict[str, float] = {}
    pace: float = 1.0
    timeouts: tuple[str, ...] = ()


class ControlOffer(Struct, frozen=True):
    """In a hello: whether this program can be controlled, and whether this client may."""

    offered: bool = False
    allowed: bool = False


NO_CONTROL: Final = ControlOffer()

# --- reading and writing ----------------------------------------------------------------


class RequestError(Exception):
    """A request that is none: one line, and the ``id`` that it had, or 0."""

    def __init__(self, message: str, request_id: int) -> None:
        super().__init__(message)
        self.id = request_id


class _Head(Struct):
    """What can be read of a request even if the rest is wrong."""

    id: Any = 0


_head = msgspec.json.Decoder(_Head)
_request = msgspec.json.Decoder(Request)
_LARGEST_ID: Final = 2**53


def parse_request(frame: str | bytes) -> tuple[int, Request]:
    """The id of a request, and what it asks for. The frame's ``type`` was looked at before.

    Raises:
        RequestError: it is no such request; the text says what is wrong with it.
    """
    request_id = 0
    try:
        given = _head.decode(frame).id
        if type(given) is not int or not 0 < given <= _LARGEST_ID:
            raise RequestError("a request needs an id, a whole number from 1", 0)
        request_id = given
        return request_id, _request.decode(frame)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise RequestError(f"not a request of control: {error}", request_id) from None
    except RecursionError:
        raise RequestError("not a request of control: nested too deeply", request_id) from None


def request_frame(request_id: int, request: Request) -> bytes:
    """A request as it is sent."""
    head = msgspec.json.encode({"type": "control", "id": request_id})
    return head[:-1] + b"," + msgspec.json.encode(request)[1:]
