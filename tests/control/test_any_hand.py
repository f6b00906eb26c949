"""Whatever a hand does: every delivery happens once or was dropped, and the bus is free in the end."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.wire.control import (
    Break,
    Delay,
    Drop,
    Hold,
    LetGo,
    Pause,
    Release,
    Request,
    Resume,
    Step,
    Take,
    Unbreak,
)
from tests.control.hands import Program, played, settled, when

NAMES = ("a", "b", "c")
MOST = 40

ACTS = [
    *("publish", "publish", "publish", "pause", "resume", "step", "turn", "hold", "release", "drop", "delay"),
    *("break", "hold_break", "unbreak", "let_go", "wait", "turns"),
]

acts = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    max_size=25,
)


def asked(act: str, one: int, other: int, made: Program) -> Request | None:
    """What the hand asks for; deliveries are those that are held, or were."""
    there = [held.delivery for held in made.held] or ["none>a"]
    chosen = tuple({there[one % len(there)]: None, there[other % len(there)]: None})
    requests: dict[str, Request] = {
        "pause": Pause(),
        "resume": Resume(),
        "step": Step(delivery=chosen[0] if one % 2 else None),
        "turn": Step("turn"),
        "hold": Hold(chosen),
        "release": Release(chosen),
        "drop": Drop(chosen),
        "delay": Delay(NAMES[one % 3], other * 0.05),
        "break": Break("b", when(f"message:CHUNK_AVAILABLE data.chunk_index > {one}")),
        "hold_break": Break("b", when(f"component:{NAMES[one % 3]} data.chunk_index > {other}"), then="hold"),
        "unbreak": Unbreak("b"),
        "let_go": LetGo(),
    }
    return requests.get(act)


class Play:
    """A program that a hand plays with."""

    def __init__(self, made: Program) -> None:
        async def pause_a_little(number: int) -> None:
            await asyncio.sleep(0.01 * (number % 3))

        self.made = made
        self.published = 0
        self.turn = 1
        made.listen("a", takes=pause_a_little)
        made.listen("b")
        made.listen("c", concurrency=2, takes=pause_a_little)

    async def do(self, act: str, one: int, other: int) -> None:
        made = self.made
        made.ask(Take("ann"))
        if act == "publish" and self.published < MOST:
            made.publish(*range(self.published, self.published + 1 + one % 3), turn=self.turn)
            self.published += 1 + one % 3
        elif act == "turns":
            self.turn += 1
        elif act == "wait":
            await asyncio.sleep(0.02 * one)
        elif (request := asked(act, one, other, made)) is not None:
            made.ask(request)
        if other % 2:
            await settled()

    def named(self, deliveries: list[str]) -> list[str]:
        """Deliveries as they are written down when they happen."""
        number = {
            event.id: event.payload()["chunk_index"] for event in self.made.kept.of("message_published")
        }
        parted = (delivery.rpartition(">") for delivery in deliveries)
        return [f"{name}:{number[publish]}" for publish, _, name in parted]


@settings(max_examples=60, deadline=None)
@given(acts)
def test_each_delivery_happens_once_or_was_dropped(done: list[tuple[str, int, int]]) -> None:
    """And an ordered mailbox keeps its order, but for what the recording names as moved by hand."""

    async def program(made: Program) -> None:
        play = Play(made)
        for act, one, other in done:
            await play.do(act, one, other)
        made.hand.leave()
        await made.bus.idle()
        assert made.bus.gate is None
        dropped = play.named([one for event in made.told("drop") for one in event.payload()["deliveries"]])
        moved = play.named([event.payload()["delivery"] for event in made.told("overtake")])
        wanted = [f"{name}:{at}" for name in NAMES for at in range(play.published)]
        assert sorted(made.got + dropped) == sorted(wanted)
        for name in ("a", "b"):
            kept = [int(one[2:]) for one in made.got if one[0] == name and one not in moved]
            assert kept == sorted(kept), (kept, moved)

    played(program)
