"""Requests of control on the wire: what is in them, what is answered, and what a wrong one costs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from backend.wire import (
    ControlAnswered,
    ControlChanged,
    ControlOffer,
    ControlResult,
    ControlState,
    FeedClient,
    FeedSession,
    HelloReceived,
    ProtocolViolation,
    Ring,
    request_frame,
)
from backend.wire.control import (
    Break,
    HeldDelivery,
    Hold,
    Inject,
    Pause,
    Request,
    RequestError,
    Step,
    Take,
    parse_request,
)
from backend.wire.frames import control_frame
from backend.wire.query.nodes import Node
from backend.wire.server import MOST_ANSWERS
from tests.support.examples import tried
from tests.support.query_trees import trees
from tests.wire.batches import batch

OFFER = ControlOffer(offered=True, allowed=True)


def session(subscribe: str = '{"type":"subscribe","batch":true}', offer: ControlOffer = OFFER) -> FeedSession:
    made = FeedSession(Ring(100, 1 << 20), now=0, offer=offer)
    if subscribe:
        made.receive(subscribe)
        assert made.next_frame(0) is not None
    return made


def sent(made: FeedSession) -> list[dict[str, Any]]:
    """All that is to be sent now."""
    frames = []
    while (frame := made.next_frame(10)) is not None:
        frames.append(msgspec.json.decode(frame.data))
    return frames


@pytest.mark.parametrize(
    "request_", [Take("ann", 60), Pause(), Step("turn"), Hold(("a-1>tts",)), Inject("TEXT_CHUNK", "overseer")]
)
def test_a_request_comes_as_it_went(request_: Request) -> None:
    """With the id that its answer will carry."""
    frame = request_frame(7, request_)
    assert msgspec.json.decode(frame)["type"] == "control"
    assert parse_request(frame) == (7, request_)


@tried(20)
@given(trees)
def test_a_condition_goes_as_the_tree_that_it_is(tree: Node) -> None:
    """What the debugger parsed is what the backend reads; but for numbers that no JSON reader holds."""
    try:
        frame = request_frame(1, Break("b", tree))
    except (OverflowError, msgspec.MsgspecError):
        return
    assert parse_request(frame) == (1, Break("b", tree))


WRONG = [
    ('{"type":"control"}', 0, "id"),
    ('{"type":"control","id":"x","do":"pause"}', 0, "id"),
    ('{"type":"control","id":true,"do":"pause"}', 0, "id"),
    ('{"type":"control","id":-4,"do":"pause"}', 0, "id"),
    ('{"type":"control","id":4}', 4, "do"),
    ('{"type":"control","id":4,"do":"explode"}', 4, "explode"),
    ('{"type":"control","id":4,"do":["pause"]}', 4, "do"),
    ('{"type":"control","id":4,"do":"pace","pace":1e9}', 4, "10"),
    ('{"type":"control","id":4,"do":"delay","component":"tts","seconds":-1}', 4, "seconds"),
    ('{"type":"control","id":4,"do":"hold","deliveries":[]}', 4, "deliveries"),
    ('{"type":"control","id":4,"do":"hold","deliveries":[1]}', 4, "deliveries"),
    ('{"type":"control","id":4,"do":"break","name":"b","when":{"is":"what"}}', 4, "what"),
    ('{"type":"control","id":4,"do":"break","name":"b","when":[]}', 4, "when"),
    (
        '{"type":"control","id":4,"do":"break","name":"b","when":'
        + '{"is":"not","part":' * 3000
        + "}" * 3001,
        0,
        "deep",
    ),
]


@pytest.mark.parametrize(("frame", "number", "told"), WRONG)
def test_a_wrong_request_is_one_answer_and_no_more(frame: str, number: int, told: str) -> None:
    """One line that says what is wrong; whoever sent it goes on watching."""
    with pytest.raises(RequestError) as refusal:
        parse_request(frame)
    assert (refusal.value.id, told in str(refusal.value)) == (number, True)
    made = session()
    assert made.receive(frame) is None
    answer = sent(made)[0]
    assert (answer["type"], answer["id"], answer["ok"]) == ("control_result", number, False)
    assert "\n" not in answer["error"]
    assert made.receive('{"type":"control","id":5,"do":"pause"}') == (5, Pause())


def test_what_is_neither_a_subscribe_nor_of_control_still_ends_the_dialogue() -> None:
    """As it did: the protocol's other laws are not softened."""
    for frame in ('{"type":"subscribe"}', "nonsense", b"\xff", '{"type":"controls","id":1}'):
        with pytest.raises(ProtocolViolation):
            session().receive(frame)


def test_a_client_that_asks_and_never_reads_is_ended() -> None:
    """Its answers are bounded as all that waits is."""
    made = session()
    for _ in range(MOST_ANSWERS):
        made.receive('{"type":"control","id":1,"do":"?"}')
    with pytest.raises(ProtocolViolation, match="wait to be read"):
        made.receive('{"type":"control","id":1,"do":"?"}')


def test_a_hello_says_whether_there_is_control_and_for_whom() -> None:
    """And a server of before says nothing, which reads as no."""
    made = FeedSession(Ring(100, 1 << 20), now=0, offer=ControlOffer(offered=True))
    made.receive('{"type":"subscribe"}')
    frame = made.next_frame(0)
    assert frame is not None
    assert msgspec.json.decode(frame.data)["control"] == {"offered": True, "allowed": False}
    old = {name: value for name, value in msgspec.json.decode(frame.data).items() if name != "control"}
    (hello,) = FeedClient().receive(msgspec.json.encode(old))
    assert isinstance(hello, HelloReceived)
    assert hello.hello.control == ControlOffer()


def test_only_the_latest_state_waits_and_answers_go_before_it() -> None:
    """A slow client is told once what is so, not how it came about; and then the events."""
    made = session()
    made._ring.append(batch("s", 1, 1))
    held = HeldDelivery(
        "s-1>tts", "s-1", "TEXT_CHUNK", "llm", "tts", None, None, 5, ordered_after=("s-0>tts",)
    )
    for state in (ControlState("ann", "running"), ControlState("ann", "paused", held=(held,), more=3)):
        made.tell(control_frame(state))
    made.answer(ControlResult(7, ok=True))
    answer, state_told, events = sent(made)
    assert answer == {"type": "control_result", "id": 7, "ok": True}
    assert (state_told["mode"], state_told["more"], state_told["held"][0]["from"]) == ("paused", 3, "llm")
    assert events["type"] == "events"
    client = FeedClient()
    (changed,) = client.receive(msgspec.json.encode(state_told))
    assert isinstance(changed, ControlChanged)
    assert changed.state.held == (held,)
    (answered,) = client.receive(msgspec.json.encode(answer))
    assert answered == ControlAnswered(ControlResult(7, ok=True))


@pytest.mark.parametrize(
    ("subscribe", "observes"),
    [("", False), ('{"type":"subscribe","dialect":"web"}', False), ('{"type":"subscribe"}', True)],
)
def test_who_asked_for_plain_events_or_a_dialect_gets_nothing_else(subscribe: str, observes: bool) -> None:
    """A browser page written for events must not meet frames that it never heard of."""
    assert session(subscribe).observes_control is observes


def test_msgpack_clients_are_answered_in_msgpack() -> None:
    """The format that they subscribed to."""
    made = session('{"type":"subscribe","format":"msgpack"}')
    made.answer(ControlResult(7, ok=False, error="no"))
    frame = made.next_frame(10)
    assert frame is not None
    assert not frame.text
    assert msgspec.msgpack.decode(frame.data) == {
        "type": "control_result",
        "id": 7,
        "ok": False,
        "error": "no",
    }
