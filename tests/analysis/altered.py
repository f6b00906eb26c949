"""Recordings altered on purpose: what was taken out of them, or came in another order."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from backend.events import decode_line
from debugger.analysis.diff import Diff, compare
from debugger.log import EventLog
from tests.support.voicelog import voice_lines


@lru_cache
def lines_of(seed: int, turns: int = 3, sessions: int = 2) -> tuple[bytes, ...]:
    return tuple(voice_lines(seed, turns=turns, sessions=sessions).splitlines())


def log_of(lines: Sequence[bytes]) -> EventLog:
    log = EventLog()
    log.append_many(list(lines), [decode_line(line) for line in lines])
    return log


def diff_of(a: Sequence[bytes], b: Sequence[bytes]) -> Diff:
    return compare(log_of(a), log_of(b))


def place_of(lines: Sequence[bytes], event_type: str, message: str | None = None, **fields: Any) -> int:
    """The first line of an event with these fields."""
    wanted = {"event_type": event_type, "message_type": message} | fields
    for place, line in enumerate(lines):
        event = json.loads(line)
        if all(event.get(name) == value for name, value in wanted.items()):
            return place
    raise LookupError(wanted)


def with_effects(lines: Sequence[bytes], chosen: int) -> set[int]:
    """The places of an event and of all that it caused."""
    events = [decode_line(line) for line in lines]
    gone = {events[chosen].id}
    places = {chosen}
    for place in range(chosen + 1, len(events)):
        if events[place].cause in gone:
            gone.add(events[place].id)
            places.add(place)
    return places


def without(lines: Sequence[bytes], chosen: int) -> list[bytes]:
    """Without an event and all that it caused."""
    gone = with_effects(lines, chosen)
    return [line for place, line in enumerate(lines) if place not in gone]


def changed(lines: Sequence[bytes], chosen: int, change: Callable[[dict[str, Any]], object]) -> list[bytes]:
    """With one event changed."""
    event = json.loads(lines[chosen])
    change(event)
    return [json.dumps(event).encode() if place == chosen else line for place, line in enumerate(lines)]


def swapped(lines: Sequence[bytes], first: int, second: int) -> list[bytes]:
    """With two deliveries, each from its receive to its end, in the other order.

    Both go where the second was, so that whatever caused them comes before.
    """
    tasks = [decode_line(lines[place]).task for place in (first, second)]
    runs = [[line for line in lines if decode_line(line).task == task] for task in tasks]
    moved = {line for run in runs for line in run}
    found: list[bytes] = []
    for place, line in enumerate(lines):
        if place == second:
            found += [*runs[1], *runs[0]]
        if line not in moved:
            found.append(line)
    return found


def reordered(lines: Sequence[bytes], seed: int) -> list[bytes]:
    """Another order that the same run could have had: causes before effects, tasks in program order."""
    chance = random.Random(seed)
    events = [decode_line(line) for line in lines]
    at = {event.id: place for place, event in enumerate(events)}
    last: dict[Any, int] = {}
    needs: list[set[int]] = []
    for place, event in enumerate(events):
        task = event.task or (event.component, event.session_id)
        before = {last[task]} if task in last else set()
        last[task] = place
        if event.cause is not None:
            before.add(at[event.cause])
        needs.append(before)
    order: list[int] = []
    done: set[int] = set()
    waiting = list(range(len(events)))
    while waiting:
        place = chance.choice([place for place in waiting[:12] if needs[place] <= done])
        waiting.remove(place)
        done.add(place)
        order.append(place)
    return [lines[place] for place in order]
