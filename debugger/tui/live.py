"""A live feed into the session, update by update."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence
from typing import Final

from backend.events import Event
from backend.wire.client import (
    EventsReceived,
    GapReceived,
    NotUnderstood,
    ServerRefused,
    SourceChanged,
    StatesReceived,
)
from debugger.log.tally import BELIEVABLE
from debugger.sources.arrival import Arrival, Keeper, arrival_of
from debugger.sources.feed import PATH, Connected, Disconnected, Silent, Update
from debugger.sources.helped_feed import HelperLost
from debugger.sources.late import LateStates
from debugger.sources.weave import HOLD_NS, Weave
from debugger.tui.rush import LOOK_SECONDS
from debugger.tui.session import Link, Session

_NO_END: Final = "the program ended without saying so; its last events may be missing"
_YIELD_EVERY: Final = 2_500  # events; between them the screen gets its turn
_TOGETHER: Final = 1_000  # events from which on more at once save nothing


class Intake:
    """Takes in what one feed or several say, and keeps the session's `Link` up to date.

    ``later`` calls a function some ms later. With it, events that come one frame after the other are
    appended together, which costs half as much; without it, at once. Events that were packed
    by somebody else are appended at once in any case.
    """

    def __init__(
        self,
        session: Session,
        names: Sequence[str],
        later: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._session = session
        self._later = later
        self._waiting = False
        self._lines: dict[str, list[bytes]] = {name: [] for name in names}
        self._events: dict[str, list[Event]] = {name: [] for name in names}
        self._links = {name: Link(name, up=False, detail="connecting …") for name in names}
        self._lanes = {name: number for number, name in enumerate(names)}
        self._weave = Weave(len(names), session.log.knows)
        self._late = LateStates(session.log)
        self._early: list[tuple[str | None, int, int, str]] = []  # losses behind states that wait
        self._parts: dict[int, Keeper] = {}  # of arrivals that are woven bit by bit
        self._show()

    async def pump(self, name: str, updates: AsyncIterable[Update | Arrival | HelperLost]) -> None:
        """Take in what the feed `name` says until it ends for good."""
        since_break, rush = 0, self._session.rush
        async for update in updates:
            while left := rush.left:  # noqa: ASYNC110 - it ends by the clock, too
                await asyncio.sleep(min(left, LOOK_SECONDS))
            self.take(name, update)
            if isinstance(update, Arrival):
                since_break += update.events
            elif isinstance(update, EventsReceived):
                since_break += len(update.events)
            if since_break >= _YIELD_EVERY:
                since_break = 0
                await asyncio.sleep(0)
        self.flush(everything=True)
        self._tell_early(0)

    def take(self, name: str, update: Update | Arrival | HelperLost) -> None:
        """One update. Whatever is lost becomes a row of the log and a number in the status line."""
        session, log = self._session, self._session.log
        if session.control is not None:
            session.control.hear(name, update)
        match update:
            case Arrival():
                self._up(name)
                self._arrive(name, update)
            case EventsReceived(lines=lines, events=events):
                self._up(name)
                self._gather(name, lines, events)
            case Connected() | Disconnected() | Silent():
                self._linked(name, update)
            case StatesReceived(events=events):
                self._late.add(events)
            case GapReceived():
                self._missing(update)
            case SourceChanged(old=old, known_seq=known, ended=ended):
                self.flush(everything=True)
                if not ended:
                    log.append_gap(old, known + 1, None, _NO_END)
                session.say("another program run answers now")
            case NotUnderstood() | ServerRefused() | HelperLost():
                self._wrong(update)

    def _linked(self, name: str, told: Connected | Disconnected | Silent) -> None:
        """How the connection is now."""
        if isinstance(told, Connected):
            self._links[name] = Link(name)
            self._session.log.topology.add_hello(told.hello.topology_object())
            if told.again:
                self._session.say(f"connected again{f' to {name}' if len(self._links) > 1 else ''}")
        elif isinstance(told, Silent):
            self._links[name] = Link(name, up=False, detail=told.message)
        else:
            again_in = "given up" if told.retry_in is None else f"trying again in {told.retry_in:.1g} s"
            self._links[name] = Link(name, up=False, detail=f"{told.reason} · {again_in}")
        self._show()

    def _up(self, name: str) -> None:
        """What sends events is there, whether it greeted or not."""
        if not self._links[name].up:
            self._links[name] = Link(name)
            self._show()

    def _wrong(self, told: NotUnderstood | ServerRefused | HelperLost) -> None:
        self._session.misunderstood += isinstance(told, NotUnderstood)
        refused = "refused: " if isinstance(told, ServerRefused) else ""
        self._session.say(refused + told.message, bad=True)

    def _missing(self, gap: GapReceived) -> None:
        if gap.before:
            self._session.say(f"the feed begins with event {gap.to_seq + 1:,}: it keeps no earlier ones")
            return
        self.flush(everything=True)
        session, reason = self._session, "the feed could not keep them for this client"
        if gap.count <= BELIEVABLE:
            session.lost += gap.count
        else:
            reason = "the numbers of the feed say so, but it cannot have been so many"
            session.say(f"by its numbers the feed lost {gap.count:,} events: not believed", bad=True)
        lost = gap.source, gap.from_seq, gap.to_seq, reason
        if self._late.wait:
            self._early.append(lost)  # it stands behind the states, and has no time yet
        else:
            session.log.append_gap(*lost)

    def _gather(self, name: str, lines: Sequence[bytes], events: Sequence[Event]) -> None:
        self._lines[name] += lines
        self._events[name] += events
        if self._later is None or len(self._lines[name]) >= _TOGETHER:
            self.flush()
        elif not self._waiting:
            self._waiting = True
            self._later(self.flush)

    def _arrive(self, name: str, arrival: Arrival) -> None:
        first_ns = int(arrival.pack.times[0])
        self._late.append(first_ns)
        self._tell_early(first_ns)
        if len(self._lanes) == 1:
            Keeper(self._session.log, arrival).append(0, arrival.events)
        else:
            self._weave.put(self._lanes[name], arrival, self._session.clock())
            self._take_woven(self._session.clock())

    def _tell_early(self, first_ns: int) -> None:
        early, self._early = self._early, []
        for lost in early:
            self._session.log.append_gap(*lost, first_ns)

    def flush(self, *, everything: bool = False) -> None:
        """Append what need not wait for a cause any longer. Called some ten times a second too."""
        self._waiting = False
        for name, events in self._events.items():
            if events:
                lines, self._lines[name], self._events[name] = self._lines[name], [], []
                self._arrive(name, arrival_of(lines, events, weaving=len(self._lanes) > 1))
        if self._weave.held:
            self._take_woven(self._session.clock() + (HOLD_NS if everything else 0))

    def _take_woven(self, now_ns: int) -> None:
        for arrival, start, stop in self._weave.take(now_ns):
            keeper = self._parts.pop(id(arrival), None) or Keeper(self._session.log, arrival)
            keeper.append(start, stop)
            if stop < arrival.events:
                self._parts[id(arrival)] = keeper

    def _show(self) -> None:
        """Several feeds in one line: those that are down are named."""
        links = list(self._links.values())
        if len(links) == 1:
            self._session.link = links[0]
            return
        down = [f"{link.name}: {link.detail}" for link in links if not link.up]
        up = len(links) - len(down)
        self._session.link = Link(
            f"{up} of {len(links)} feeds", up=up > 0, detail=" · ".join(down), partly=bool(down) and up > 0
        )


def short(url: str) -> str:
    """A feed's URL as people say it: without scheme and usual path."""
    return url.removeprefix("ws://").removesuffix(PATH)
