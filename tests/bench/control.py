"""What control costs: a bus that can be held against one that cannot; with nobody there, held, with breaks.

Per event of publish, receive and handled, in CPU time of this process. The bus without the gate is this
one with the two tests taken out. Every round runs all ways in turn, in bursts of half a millisecond; what
is compared are the best bursts, which nothing else on the machine disturbed.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

from backend.bus import Bus, Envelope, Mailbox, Overflow, Port
from backend.control import Desk
from backend.events.messages import ChunkResponse
from backend.tap import Batch, Probe, Scope, Tap, within
from backend.wire.control import Break, Pause, Request, Take
from backend.wire.query.nodes import And, Compare, Field, Kind, Number, Word
from tests.bench.emit_story import BURST, COMPONENT, MESSAGE, SCOPE

ROUNDS = 30
BURSTS = 40
HELD = 1_000
BREAKS = 10
IDLE_SECONDS = 0.5
LOOKS = 3


class Nowhere:
    """A sink that takes all."""

    def write(self, batch: Batch) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class UngatedPort(Port):
    """The port as it would be if nobody could hold it."""

    def deliver(self, envelope: Envelope) -> None:
        self._taken_in += 1
        lost = self.mailbox.put(envelope)
        if lost is not None:
            self._done_with += 1
            self._report_lost(lost)
        self._wake.set()

    async def _next(self) -> Envelope | None:
        while (envelope := self.mailbox.take()) is None:
            if self._closed:
                return None
            self._wake.clear()
            await self._wake.wait()
        return envelope


class UngatedBus(Bus):
    """A bus of such ports."""

    def attach(self, component: str, *, state: Any = None, **settings: Any) -> Port:
        port = UngatedPort(
            self,
            Probe(self.tap, component, state),
            Mailbox(settings.get("capacity", 4096), Overflow.REFUSE),
            component,
            session_id=None,
            concurrency=1,
        )
        self._ports.append(port)
        return port


def breaks() -> list[Request]:
    """On messages that come, but never with such a value; on others; and on a component."""
    message, index = Field("message", Kind.NAME, "message_type"), Field("turn", Kind.NUMBER, "turn")
    never = Compare(index, "=", Number(-1))
    kinds = ["TTS_AUDIO_CHUNK", "LLM_RAW_CHUNK", "COMPLETE_TRANSCRIPT", "AGENT_CHANGED"]
    nodes = [And((Compare(message, "=", Word(kind)), never)) for kind in kinds]
    return [Break(f"b{number}", nodes[number % len(nodes)]) for number in range(BREAKS)]


def here() -> list[Request]:
    """One that is asked about each message that comes, by its payload."""
    message = Field("message", Kind.NAME, "message_type")
    index = Field("data.chunk_index", Kind.PAYLOAD, "data", ("chunk_index",))
    of = Compare(message, "=", Word(MESSAGE.message_type))
    return [Break("here", And((of, Compare(index, "=", Number(-1)))))]


async def hop(kind: Callable[[Tap], Bus], asked: list[Request]) -> float:
    """Nanoseconds an event of publish, receive, handled, in the best burst."""
    async with Tap("assistant", sinks=(Nowhere(),)) as tap:
        bus = kind(tap)
        delivered = itertools.count()

        async def handle(_message: ChunkResponse, _scope: Scope) -> None:
            """Take it."""

        def state() -> dict[str, object]:
            return {"state": "ACTIVE", "queued": 2, "delivered": next(delivered)}

        publisher = bus.attach(COMPONENT, state=state)
        bus.attach("tts_orchestrator", state=state).on(ChunkResponse, handle)
        _ask(bus, asked)
        best = math.inf
        with within(SCOPE):
            for _ in range(BURSTS):
                began = time.process_time_ns()
                for _ in range(BURST):
                    publisher.publish(MESSAGE)
                await bus.idle()
                best = min(best, time.process_time_ns() - began)
        await bus.close()
    return best / (3 * BURST)


async def held(kind: Callable[[Tap], Bus], asked: list[Request], *, look: bool) -> tuple[float, float]:
    """Nanoseconds a publish into a mailbox that nobody empties; CPU ms a second that it is left alone."""
    async with Tap("assistant", sinks=(Nowhere(),)) as tap:
        bus = kind(tap)

        async def handle(_message: ChunkResponse, _scope: Scope) -> None:
            """Take it."""

        publisher = bus.attach(COMPONENT)
        bus.attach("tts_orchestrator").on(ChunkResponse, handle)
        _ask(bus, asked)
        await asyncio.sleep(0)
        took = math.inf
        with within(SCOPE):
            for _ in range(HELD // BURST):
                began = time.process_time_ns()
                for _ in range(BURST):
                    publisher.publish(MESSAGE)
                took = min(took, (time.process_time_ns() - began) / BURST)
        idle = 0.0
        if look:
            await asyncio.sleep(0.2)
            began = time.process_time_ns()
            await asyncio.sleep(IDLE_SECONDS)
            idle = (time.process_time_ns() - began) / 1e6 / IDLE_SECONDS
        await bus.close()
    return took, idle


def _ask(bus: Bus, asked: list[Request]) -> None:
    seat = Desk(bus).seat("bench", allowed=True)
    for number, request in enumerate(asked, 1):
        result = seat.ask(number, request)
        assert result.ok, result.error


WAYS: dict[str, tuple[Callable[[Tap], Bus], Callable[[], list[Request]]]] = {
    "without": (UngatedBus, list),
    "nobody": (Bus, list),
    "watching": (Bus, lambda: [Take("bench")]),
    "armed": (Bus, lambda: [Take("bench"), *breaks()]),
    "here": (Bus, lambda: [Take("bench"), *here()]),
}


HELD_WAYS: tuple[tuple[str, Callable[[Tap], Bus], list[Request]], ...] = (
    ("without held", UngatedBus, []),
    ("paused held", Bus, [Take("bench"), Pause()]),
)


def measure() -> dict[str, list[float]]:
    """Nanoseconds an event by way, a figure a round; ``…held`` of a publish while nothing is taken."""
    figures: dict[str, list[float]] = {}
    gc.collect()
    gc.disable()
    try:
        for turn in range(ROUNDS):
            names = list(WAYS) if turn % 2 else list(reversed(WAYS))
            for name in names:
                kind, asked = WAYS[name]
                figures.setdefault(name, []).append(asyncio.run(hop(kind, asked())))
            for name, kind, more in HELD_WAYS:
                took, idle = asyncio.run(held(kind, more, look=bool(more) and turn < LOOKS))
                figures.setdefault(name, []).append(took)
                if more and turn < LOOKS:
                    figures.setdefault("idle", []).append(idle)
            gc.collect()
    finally:
        gc.enable()
    return figures


def _over(figures: dict[str, list[float]], name: str, base: str) -> float:
    return min(figures[name]) - min(figures[base])


def report() -> None:
    """Print it."""
    figures = measure()
    base = min(figures["without"])
    for name, about in (
        ("nobody", "nobody controls"),
        ("watching", "a controller, nothing asked"),
        ("armed", f"{BREAKS} breaks armed, of other messages"),
        ("here", "a break on each message's payload"),
    ):
        over = _over(figures, name, "without")
        print(f"control  {about:<38} {over:+6.0f} ns an event ({over / base:+.1%} of {base:.0f} ns)")
    publish = min(figures["without held"])
    over = _over(figures, "paused held", "without held")
    idle = statistics.median(figures["idle"])
    print(
        f"control  {f'paused, {HELD} held: a publish':<38} {over:+6.0f} ns ({over / publish:+.1%} of "
        f"{publish:.0f} ns), and then {idle:.1f} ms of CPU a second"
    )
