"""A small program whose bus is held, in virtual time: who listens, what they got, and a hand at the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from backend.bus import Bus, Port
from backend.control import Desk, Seat
from backend.events import Event
from backend.events.messages import ChunkAvailable, ChunkResponse, TextChunk
from backend.simulation import simulate
from backend.tap import Scope, Tap, turn_scope
from backend.wire.control import ControlResult, ControlState, HeldDelivery, Request, Take
from debugger.log.query.parse import parse
from tests.tap.kept import Kept

T = TypeVar("T")
SESSION = Scope("s1", "u")


class Program:
    """Ports by name; each writes down what it got, as ``name:number``."""

    def __init__(self, tap: Tap, kept: Kept) -> None:
        self.bus = Bus(tap)
        self.kept = kept
        self.got: list[str] = []
        self.desk = Desk(self.bus)
        self.hand = self.desk.seat("10.0.0.1:5", allowed=True)
        self.writer = self.bus.attach("writer", session_id="s1")
        self.number = 0

    def listen(
        self, name: str, *, takes: Callable[[int], Awaitable[None]] | None = None, **settings: Any
    ) -> Port:
        """A component that gets `ChunkAvailable`; what ``takes`` makes of it comes first."""
        settings.setdefault("session_id", "s1")
        port = self.bus.attach(name, state=lambda: {"got": len(self.got), "last": self.got[-1:]}, **settings)

        async def handle(message: ChunkAvailable, _scope: Scope) -> None:
            if takes is not None:
                await takes(message.chunk_index)
            self.got.append(f"{name}:{message.chunk_index}")

        port.on(ChunkAvailable, handle)
        return port

    def publish(self, *numbers: int, turn: int = 1) -> list[str]:
        """One message each; the ids of their publications."""
        scope = turn_scope("s1", "u", turn, "STT_USER_STARTED_SPEAKING")
        return [self.writer.publish(ChunkAvailable(number, 0), scope) for number in numbers]

    def ask(self, request: Request, seat: Seat | None = None) -> ControlResult:
        self.number += 1
        return (seat or self.hand).ask(self.number, request)

    def do(self, request: Request) -> ControlResult:
        """Ask, and it has to be done."""
        result = self.ask(request)
        assert result.ok, result.error
        return result

    def refused(self, request: Request, seat: Seat | None = None) -> str:
        """Ask, and it must not be done; why not, in one line."""
        result = self.ask(request, seat)
        assert not result.ok
        assert result.error
        assert "\n" not in result.error
        return result.error

    @property
    def state(self) -> ControlState:
        return self.desk.state()

    @property
    def by(self) -> str | None:
        """Who has control."""
        return self.state.by

    @property
    def mode(self) -> str:
        return self.state.mode

    @property
    def held(self) -> tuple[HeldDelivery, ...]:
        return self.state.held

    def named(self, *short: str) -> tuple[str, ...]:
        """Held deliveries by the way they are written down: ``name:number``."""
        told = {f"{one.receiver}:{self._chunk(one.publish)}": one.delivery for one in self.held}
        return tuple(told[name] for name in short)

    def _chunk(self, publish: str) -> int:
        self.bus.tap.drain()
        return int(self.kept.by_id(publish).payload()["chunk_index"])

    def told(self, do: str) -> list[Event]:
        """What the recording says was done by hand."""
        self.bus.tap.drain()
        return [event for event in self.kept.of("system", do=do) if event.message_type == "CONTROL"]


async def settled() -> None:
    """Until whatever can run without time passing has run."""
    await asyncio.sleep(0.001)


def played(program: Callable[[Program], Awaitable[T]], *, take: bool = True) -> T:
    """Run it in virtual time; the bus has to close well, and nothing may be left behind."""

    async def main() -> T:
        kept = Kept()
        async with Tap("app", sinks=(kept,)) as tap:
            made = Program(tap, kept)
            if take:
                made.do(Take("ann"))
            value = await program(made)
            await made.bus.close()
            assert made.bus.gate is None
        return value

    run = simulate(main)
    value = run.result()
    assert run.clean, (run.leaked, run.unhandled)
    return value


def when(text: str) -> Any:
    return parse(text)


__all__ = ["ChunkAvailable", "ChunkResponse", "Program", "TextChunk", "played", "settled", "when"]
