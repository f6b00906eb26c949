"""Small logs of programs that touch state: built step by step, or at random."""

from __future__ import annotations

import random
from typing import Any

from debugger.analysis.conflicts import Conflicts, Limits, MessagePair
from debugger.analysis.order import Order
from debugger.log import EventLog
from tests.analysis.order_oracle import Oracle
from tests.analysis.order_programs import Made, Program, log_of

KEYS = ("shared.x", "shared.y")
ALL = Limits(writes=10**6, reads=10**6)
"""Nothing that is not ordered is left out."""


class Story:
    """Events of one process, told one after the other."""

    def __init__(self) -> None:
        self.events: list[Made] = []

    def tell(self, kind: str, task: str | None, component: str = "shared", **more: Any) -> str:
        """One event; returns its id. A ``state`` is its snapshot."""
        made: Made = {
            "timestamp": 1.0 + len(self.events) / 1e3,
            "event_type": kind,
            "component": component,
            "session_id": "s1",
            "id": f"p-{len(self.events) + 1}",
            "source": "p",
            "seq": len(self.events) + 1,
            "cause": None,
            "task": task,
        }
        if "state" in more:
            made["component_state"] = more.pop("state")
        made.update(more)
        self.events.append(made)
        return str(made["id"])

    def begins(self, state: Any, **more: Any) -> str:
        """The shared state is shown as it is, by nobody who wrote it."""
        return self.tell("system", None, state=state, **more)

    def read(self, task: str, *keys: str, **more: Any) -> str:
        """The task looks at keys of the shared state."""
        return self.tell("state_read", task, reads=[f"shared.{key}" for key in keys], **more)

    def wrote(self, task: str, state: Any = None, *keys: str, **more: Any) -> str:
        """The task has changed the shared state, or declares that it has."""
        if state is not None:
            more["state"] = state
        return self.tell("state_change", task, writes=[f"shared.{key}" for key in keys], **more)

    def step(self, task: str) -> str:
        """Another task runs, so that whoever ran before was waiting."""
        return self.tell("system", task, "other")

    def conflicts(self, *, pairs: tuple[MessagePair, ...] = (), limits: Limits | None = None) -> Conflicts:
        """What is found in it."""
        return found_in(log_of(self.events), pairs=pairs, limits=limits)


def found_in(log: EventLog, **more: Any) -> Conflicts:
    """The conflicts of a whole log."""
    order = Order(log)
    order.take(len(log))
    conflicts = Conflicts(log, order, **more)
    conflicts.take(len(log))
    return conflicts


def touched(seed: int, limit: int, most: int, *, sources: int = 1) -> list[Made]:
    """A random program of which at most so many events read or write keys of a state; no two share a lock."""
    events = Program(seed, limit, sources=sources).events
    chance = random.Random(seed)
    able = [made for made in events if made["event_type"] != "subscribed"]
    for made in chance.sample(able, min(most, len(able))):
        made[chance.choice(("reads", "writes", "writes"))] = [chance.choice(KEYS)]
    for number, made in enumerate(events):
        if "lock" in made.get("data", {}):
            made["data"] = {"lock": f"l{number}"}
    return events


class Swaps:
    """Which touches of a log can come in either order: every run that the order allows is looked at."""

    def __init__(self, events: list[Made]) -> None:
        self.oracle = Oracle(events)
        self.rows = [row for row, made in enumerate(events) if made.get("reads") or made.get("writes")]
        self.events = events
        self.first = self._both_orders()

    def _both_orders(self) -> set[tuple[int, int]]:
        """Pairs of which the first one can have run when the second has not."""
        before = {row: {other for other in self.rows if self.oracle.ordered(other, row)} for row in self.rows}
        seen: set[frozenset[int]] = set()
        to_do = [frozenset[int]()]
        found: set[tuple[int, int]] = set()
        while to_do:
            done = to_do.pop()
            if done in seen:
                continue
            seen.add(done)
            found |= {(one, other) for one in done for other in self.rows if other not in done}
            to_do += [done | {row} for row in self.rows if row not in done and before[row] <= done]
        return found

    def races(self) -> set[tuple[int, int, str]]:
        """Pairs of rows, and the key, in the order of the log."""
        return {
            (one, other, key)
            for one in self.rows
            for other in self.rows
            if one < other and {(one, other), (other, one)} <= self.first
            for key in KEYS
            if self._clash(self.events[one], self.events[other], key)
        }

    def _clash(self, one: Made, other: Made, key: str) -> bool:
        touch = [key in made.get("reads", ()) or key in made.get("writes", ()) for made in (one, other)]
        same = one["source"] == other["source"] and one["session_id"] == other["session_id"]
        return all(touch) and same and any(key in made.get("writes", ()) for made in (one, other))
