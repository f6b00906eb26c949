"""What a search plugs into: lanes, labels and time are enough for PCT and for holding a delivery back."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from backend.bus import Bus
from backend.events.messages import Message
from backend.simulation import (
    TIME_PASSES,
    Alternative,
    AtRandom,
    Kind,
    Plain,
    Settings,
    Strategy,
    Tape,
    replay,
    simulate,
)
from backend.tap import Scope, Tap

ROOT = Path(__file__).parents[2]


class Priorities(Plain):
    """PCT (Burckhardt et al., ASPLOS 2010): a random priority for each lane, lowered at d - 1 steps."""

    name = "pct"

    def __init__(self, seed: int, depth: int, steps: int) -> None:
        self._random = random.Random(seed)
        self._lowered = {self._random.randrange(steps): number for number in range(depth - 1)}
        self._of: dict[int, float] = {TIME_PASSES.lane: -1.0}
        self._step = 0

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        for one in alternatives:
            self._of.setdefault(one.lane, 10 + self._random.random())
        best = max(range(len(alternatives)), key=lambda at: self._of[alternatives[at].lane])
        self._step += 1
        if self._step in self._lowered:
            self._of[alternatives[best].lane] = self._lowered[self._step]
        return best


class HoldBack(Plain):
    """As guided search does: somebody does not run as long as anything else can."""

    name = "hold back"

    def __init__(self, label: str) -> None:
        self._label = label

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        others = [at for at, one in enumerate(alternatives) if one.label != self._label]
        return others[0] if others else 0


class Said(Message, frozen=True, gc=False):
    """A message."""

    message_type: ClassVar[str] = "SAID"


class Stopped(Message, frozen=True, gc=False):
    """Another."""

    message_type: ClassVar[str] = "STOPPED"


async def two_mailboxes() -> tuple[str, ...]:
    """Two components have messages that nothing orders."""
    order: list[str] = []
    async with Tap("app") as tap:
        bus = Bus(tap)

        async def hear(_message: Said, _scope: Scope) -> None:
            order.append("said")

        async def stop(_message: Stopped, _scope: Scope) -> None:
            await asyncio.sleep(0.01)
            order.append("stopped")

        ear, brake = bus.attach("ear"), bus.attach("brake")
        ear.on(Said, hear)
        brake.on(Stopped, stop)
        ear.publish(Said())
        ear.publish(Stopped())
        await bus.close()
    return tuple(order)


def test_a_delivery_is_held_back_until_the_other_was_handled() -> None:
    """By the label of its mailbox, past the timers of the other, in one run; its tape plays it again."""
    assert simulate(two_mailboxes).result() == ("said", "stopped")
    patient = Settings(lateness=1.0)
    run = simulate(two_mailboxes, HoldBack("mailbox:ear"), settings=patient)
    assert run.result() == ("stopped", "said")
    assert run.tape.strategy == "hold back"
    assert replay(two_mailboxes, Tape.decode(run.tape.encode())).result() == ("stopped", "said")


def test_priorities_find_what_needs_a_long_delay() -> None:
    """A task that must be overtaken twenty times: at random hardly ever, by PCT in every second run."""

    async def main() -> bool:
        done: list[str] = []

        async def work(name: str, steps: int) -> None:
            for _ in range(steps):
                await asyncio.sleep(0)
            done.append(name)

        await asyncio.gather(work("short", 1), work("long", 20))
        return done == ["long", "short"]

    strategies: dict[str, list[Strategy]] = {
        "pct": [Priorities(seed, 2, 40) for seed in range(60)],
        "random": [AtRandom(seed) for seed in range(60)],
    }
    found = {
        name: sum(simulate(main, strategy).result() for strategy in made) for name, made in strategies.items()
    }
    assert found["pct"] > 15
    assert found["random"] < 3


def test_a_strategy_sees_everybody_by_number_and_name() -> None:
    """Tasks from 1 in the order of creation, callbacks 0, what comes from outside below -1, time -1."""
    seen: set[tuple[int, str]] = set()

    class Look(Plain):
        def schedule(self, alternatives: Sequence[Alternative]) -> int:
            seen.update((one.lane, one.label) for one in alternatives)
            return len(alternatives) - 1

    async def main() -> None:
        loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(asyncio.sleep(0), name=name) for name in ("first", "second")]
        loop.call_soon(print)
        loop.call_later(0.001, int)
        await asyncio.gather(*tasks)
        await asyncio.to_thread(int)
        await asyncio.sleep(0.1)

    simulate(main, Look())
    by_label: dict[str, int] = {label: lane for lane, label in seen}
    assert (by_label["first"], by_label["second"]) == (2, 3)
    assert by_label["print"] == 0
    assert by_label["time passes"] == -1
    assert by_label["timer int"] < -1


def test_steps_may_cost_time() -> None:
    """With a few microseconds a step, time goes on as in a real recording."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        times = []
        for _ in range(5):
            times.append(loop.time())
            await asyncio.sleep(0)
        return times

    times = simulate(main, settings=Settings(step_seconds=37e-6)).result()
    assert times == pytest.approx([number * 37e-6 for number in range(1, 6)])


def test_a_kind_is_never_renumbered() -> None:
    """Tapes hold kinds by number."""
    assert {kind.name: int(kind) for kind in Kind} == {
        "READY": 0,
        "TIMER": 1,
        "JOB": 2,
        "CANCEL": 3,
        "OUTSIDE": 4,
    }


def test_the_documents_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first lines of docs/simulation.md, as they stand there."""
    text = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None

    async def main() -> int:
        await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(3)))
        return 5

    names: dict[str, Any] = {"main": main}
    monkeypatch.chdir(tmp_path)
    exec(found[1], names)  # noqa: S102 - the example
    assert names["run"].value == 5
    assert (tmp_path / "found.tape").exists()


def test_a_strategy_that_chooses_what_is_not_there_is_told() -> None:
    """A search with a fault ends its run, and not in an order that nobody chose."""

    class Wrong(Plain):
        name = "wrong"

        def schedule(self, alternatives: Sequence[Alternative]) -> int:
            return len(alternatives)

    async def main() -> None:
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

    with pytest.raises(IndexError, match="wrong chose 2 of 2 alternatives"):
        simulate(main, Wrong()).result()
