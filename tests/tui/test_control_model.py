"""What the debugger asks of a backend that may be held, and what it makes of the answers; no screen."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from backend.errors import UserError
from backend.token_file import write_run_token
from backend.wire.client import ControlAnswered, ControlChanged
from backend.wire.control import (
    Alive,
    Break,
    ControlOffer,
    ControlResult,
    ControlState,
    Pause,
    Release,
    Request,
    Take,
    parse_request,
)
from backend.wire.frames import PROTOCOL, Hello
from debugger.analysis.findings import Finding
from debugger.cli.control_token import Controlling
from debugger.sources.control import LONGEST, FrameLines
from debugger.sources.feed import Connected, Disconnected
from debugger.tui.control.model import ALIVE_NS, PATIENCE_NS, Control
from debugger.tui.control.view import held_view
from tests.tui.controlled import BOTH, NOW, PAUSED, chunk
from tests.tui.interface import Clock


class Desk:
    """A session that only listens, and feeds whose backends only note."""

    def __init__(self, *feeds: str, connected: bool = True) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.asked: dict[str, list[tuple[int, Request]]] = {name: [] for name in feeds or ("one",)}
        self.connected = connected
        self.control = Control(self, {name: self.sending(name) for name in self.asked})

    def sending(self, name: str):  # type: ignore[no-untyped-def] # noqa: ANN201 - of this test
        def send(frame: str) -> bool:
            self.asked[name].append(parse_request(frame))
            return self.connected

        return send

    def say(self, text: str, *, bad: bool = False) -> None:
        self.told.append(f"! {text}" if bad else text)

    def greet(self, name: str = "one", offer: ControlOffer = BOTH) -> None:
        hello = Hello(PROTOCOL, "app", 1, 1, 1, control=offer)
        self.control.hear(name, Connected(name, hello, again=False))

    def answer(self, error: str = "", name: str = "one") -> None:
        number, _ = self.asked[name][-1]
        self.control.hear(name, ControlAnswered(ControlResult(number, not error, error or None)))

    def tell(self, state: ControlState, name: str = "one", *, ours: bool = True) -> None:
        by = self.control.name if ours else "grace@lab (77)"
        self.control.hear(name, ControlChanged(structs.replace(state, by=by)))

    def requests(self, name: str = "one") -> list[Request]:
        return [request for _, request in self.asked[name]]


def test_the_first_thing_asked_takes_control_and_waits_until_it_is_had() -> None:
    """One key is enough; what was asked meanwhile follows in its order."""
    desk = Desk()
    desk.greet()
    desk.control.pause()
    desk.control.ask(Break("b1", text="turn=2"))
    assert desk.requests() == [Take(desk.control.name)]
    desk.answer()
    assert desk.requests()[1:] == [Pause(), Break("b1", text="turn=2")]
    assert desk.control.ours


def test_a_refusal_is_told_in_the_backends_words_and_nothing_follows_it() -> None:
    """Another debugger holds: who, and since when."""
    desk = Desk()
    desk.greet()
    desk.control.pause()
    desk.answer("grace@lab (77) (10.0.0.7, for 12 s) has control: it has to let go first")
    assert desk.told == ["! grace@lab (77) (10.0.0.7, for 12 s) has control: it has to let go first"]
    assert desk.requests() == [Take(desk.control.name)]
    assert not desk.control.ours


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        (None, "not connected"),
        (ControlOffer(), "serve --control"),
        (ControlOffer(offered=True), "--control-token-file"),
    ],
)
def test_where_nothing_may_be_held_one_line_says_why_and_what_to_do(
    offer: ControlOffer | None, words: str
) -> None:
    """And nothing is sent."""
    desk = Desk()
    if offer is not None:
        desk.greet(offer=offer)
    assert not desk.control.ask(Pause())
    assert words in desk.told[0]
    assert desk.requests() == []


def test_a_controller_says_that_it_is_there_and_what_is_not_answered_is_told_once() -> None:
    """Else the backend would take it for gone."""
    desk = Desk()
    desk.greet()
    desk.control.pause()
    desk.answer()
    desk.control.look()
    assert desk.requests()[-1] == Pause()
    desk.clock.now += max(ALIVE_NS, PATIENCE_NS)
    desk.control.look()
    desk.control.look()
    assert desk.requests()[-1] == Alive()
    assert desk.requests().count(Alive()) == 1
    assert desk.told == ["! the backend has not answered 'pause' yet"]


def test_a_lost_connection_says_that_the_bus_was_let_go() -> None:
    """Nothing is held any more as far as one can see, and nothing waits to be sent to the next program."""
    desk = Desk()
    desk.greet()
    desk.control.pause()
    desk.answer()
    desk.tell(PAUSED)
    assert desk.control.paused
    desk.control.hear("one", Disconnected("the connection broke", 0.1))
    assert "the bus was let go" in desk.told[-1]
    assert not desk.control.ours
    assert not desk.control.paused
    assert "the bus was let go" in held_view(desk.control, ()).told
    desk.greet()
    desk.tell(ControlState(), ours=False)
    assert "the bus was let go" in held_view(desk.control, ()).told


def test_a_controller_that_counts_as_gone_learns_it_from_the_state() -> None:
    """Another one has control by now, or nobody."""
    for state, ours in ((ControlState(), True), (structs.replace(PAUSED, mode="running"), False)):
        desk = Desk()
        desk.greet()
        desk.control.take()
        desk.answer()
        desk.tell(PAUSED)
        desk.tell(state, ours=ours)
        assert not desk.control.ours
        assert "let go" in desk.told[-1]


def test_of_several_feeds_the_one_that_may_be_held_is_held() -> None:
    """And what the others say of theirs is not mixed up with it."""
    desk = Desk("watched", "held")
    desk.greet("watched", ControlOffer(offered=True))
    desk.greet("held")
    desk.control.ask(Release(("d3",)))
    assert desk.requests("watched") == []
    desk.answer(name="held")
    assert desk.requests("held") == [Take(desk.control.name), Release(("d3",))]
    desk.tell(PAUSED, "watched")
    assert not desk.control.paused
    desk.tell(PAUSED, "held")
    desk.greet("watched")  # it may be held from now on
    desk.control.hear("watched", Disconnected("gone", None))
    assert desk.control.ours
    assert desk.control.paused
    assert desk.control.feed == "held"


def test_a_delivery_waits_as_long_as_the_feeds_clock_says() -> None:
    """Whose zero is another one: the first that comes tells the distance, a nearer one corrects it."""
    desk = Desk()
    desk.greet()
    desk.tell(structs.replace(PAUSED, since_ns=NOW, held=(chunk(1, since_ns=NOW - 2_000_000_000),)))
    desk.clock.pass_seconds(0.5)
    assert held_view(desk.control, ()).lines[0].age == "2.50s"
    desk.clock.pass_seconds(0.5)
    late = chunk(2, since_ns=NOW + 1_200_000_000)  # sent at 1.2 s, here after 1 s: the first was late
    desk.tell(structs.replace(PAUSED, held=(chunk(1, since_ns=NOW - 2_000_000_000), late)))
    assert [line.age for line in held_view(desk.control, ()).lines[:2]] == ["3.20s", "0ns"]


def test_what_cannot_be_sent_is_told_and_not_sent() -> None:
    """Longer than a frame may be, or no connection."""
    desk = Desk()
    desk.greet()
    desk.control.take()
    desk.answer()
    desk.control.pause("x" * (LONGEST + 1))
    assert "too long" in desk.told[-1]
    desk.connected = False
    desk.control.pause()
    assert "not connected" in desk.told[-1]


def finding(row: int, severity: str = "error", verdict: str = "violation") -> Finding:
    return Finding("stale-worker-chunk", verdict, severity, "CHUNK_RESPONSE of s1-w1", row=row, rows=(row,))


def test_a_new_violation_pauses_the_bus_after_the_fact() -> None:
    """One that was there before does not, nor a warning: what is held is slow. Asked again, it ends."""
    desk, found = Desk(), SimpleNamespace(all=(finding(3),))
    judging: Any = SimpleNamespace(found=found)
    desk.greet()
    desk.control.findings.toggle(judging)
    desk.answer()
    assert "after the fact" in desk.told[0]
    assert "a new violation" in [line.text for line in held_view(desk.control, ()).lines]
    found.all = (finding(3), finding(5, "warning"), finding(6, verdict="predicted"))
    desk.control.look()
    assert desk.requests() == [Take(desk.control.name)]
    found.all = (*found.all, finding(9))
    desk.control.look()
    desk.control.look()
    words = "found after the fact: stale-worker-chunk: CHUNK_RESPONSE of s1-w1"
    assert desk.requests()[1:] == [Pause(words)]
    desk.control.findings.toggle(judging)
    found.all = (*found.all, finding(12))
    desk.control.look()
    assert desk.requests()[1:] == [Pause(words)]
    desk.control.findings.toggle(None)
    assert "nobody judges" in desk.told[-1]


def test_a_right_that_is_lost_no_longer_waits_for_findings() -> None:
    """The next controller is somebody else."""
    desk = Desk()
    desk.greet()
    judging: Any = SimpleNamespace(found=SimpleNamespace(all=()))
    desk.control.findings.toggle(judging)
    desk.answer("grace@lab (77) has control: it has to let go first")
    assert not desk.control.findings.armed


def test_the_token_for_control_is_given_or_found_and_else_said_where_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of this user leaves it; elsewhere a file or the environment has it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("DOUBLETALK_CONTROL_TOKEN", raising=False)
    here = ["ws://127.0.0.1:8765/ws/events"]
    write_run_token(8765, None, "left-by-the-server-there")
    assert Controlling().tokens(here) == ["left-by-the-server-there"]
    for address in ("ws://127.0.0.1:8766/ws/events", "ws://10.0.0.7:8765/ws/events"):
        with pytest.raises(UserError, match="serve --control"):
            Controlling().tokens([address])
    file = tmp_path / "token"
    file.write_text("one-that-was-given-here\n")
    assert (
        Controlling(file).tokens([*here, "ws://10.0.0.7:8765/ws/events"]) == ["one-that-was-given-here"] * 2
    )
    monkeypatch.setenv("DOUBLETALK_CONTROL_TOKEN", "of-the-environment")
    assert Controlling().tokens(here) == ["of-the-environment"]


def test_frames_come_whole_out_of_a_pipe_however_they_are_cut() -> None:
    """One a line; a line that is too long is nobody's frame, and does not fill the memory."""
    lines = FrameLines(b'{"a"')
    assert lines.take(b':1}\n{"b":') == ['{"a":1}']
    assert lines.take(b"2}") == []
    assert lines.take(b"\n\n") == ['{"b":2}']
    for _ in range(3):
        assert lines.take(b"x" * LONGEST) == []
    assert lines.take(b"\n{}\n") == ["{}"]
