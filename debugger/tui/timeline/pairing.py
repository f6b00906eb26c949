"""Which events begin and end an activation, and which message went where. Rows in, rows out."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import HANDLED, PUBLISHED, RECEIVED, SEVERITIES, TASK_FINISHED, TASK_SPAWNED
from debugger.log import ABSENT, NONE, EventLog
from debugger.tui.timeline.blocks import Numbers

OPEN: Final = -1
"""In ``starts`` and ``stops``: not among the rows that were looked at."""

_WARNING: Final = SEVERITIES.index("warning")
_MOST_GUESSED: Final = 4_096
"""Messages for which a publish is looked for where the log names no causes."""


class Activations(NamedTuple):
    """Runs of handlers and of spawned tasks: first and last row of each, `OPEN` where it is not there.

    A spawned task begins with its spawn, which is another task's. ``seen`` is a row of its own that
    is there, ``handler`` is False for spawned tasks, ``failed`` says that its end is a warning or worse.
    """

    starts: Numbers
    stops: Numbers
    seen: Numbers
    handler: NDArray[np.bool_]
    failed: NDArray[np.bool_]


class Arrows(NamedTuple):
    """Messages and spawns on their way: the row that sent, the row that got it.

    ``guessed`` ones are paired by message type, because the log names no cause.
    """

    sources: Numbers
    targets: Numbers
    guessed: NDArray[np.bool_]


def activations(log: EventLog, rows: Numbers) -> Activations:
    """The activations that begin or end in `rows` (ascending)."""
    kinds = log.column("event_type")[rows]
    received, handled, finished = (
        log.id_of("event_type", kind) for kind in (RECEIVED, HANDLED, TASK_FINISHED)
    )
    tasks = log.column("task")[rows].astype(np.int64)
    named = tasks != ABSENT
    is_start, is_stop = _is(kinds, received), _is(kinds, handled)
    handlers = _paired(rows, tasks, is_start & named, is_stop & named)
    guessed = _in_order(log, rows, is_start & ~named, is_stop & ~named)
    spawned = _paired(rows, tasks, _begun_by_spawn(log, rows, tasks), _is(kinds, finished) & named)
    begun = _spawn_of(log, spawned[0])
    firsts = np.concatenate((handlers[0], guessed[0], spawned[0]))
    starts = np.concatenate((handlers[0], guessed[0], begun))
    stops = np.concatenate((handlers[1], guessed[1], spawned[1]))
    handler = np.ones(len(starts), np.bool_)
    handler[len(starts) - len(spawned[0]) :] = False
    starts = _named_by_stop(log, starts, stops)
    severe = log.column("severity")
    ended = stops != OPEN
    failed = np.zeros(len(stops), np.bool_)
    failed[ended] = severe[stops[ended]] >= _WARNING
    return Activations(starts, stops, np.where(ended, stops, firsts), handler, failed)


def _is(kinds: NDArray[np.uint32], kind: int | None) -> NDArray[np.bool_]:
    return np.zeros(len(kinds), np.bool_) if kind is None else kinds == kind


def _begun_by_spawn(log: EventLog, rows: Numbers, tasks: Numbers) -> NDArray[np.bool_]:
    """Which rows are the first of a task that a ``task_spawned`` of another one caused."""
    spawn = log.id_of("event_type", TASK_SPAWNED)
    causes = log.column("cause_row")[rows]
    possible = np.flatnonzero((causes >= 0) & (tasks != ABSENT))
    begun = np.zeros(len(rows), np.bool_)
    if spawn is None or not len(possible):
        return begun
    by = causes[possible]
    fitting = (log.column("event_type")[by] == spawn) & (log.column("task")[by] != tasks[possible])
    possible = possible[fitting]
    _, first = np.unique(tasks[possible], return_index=True)
    begun[possible[first]] = True
    return begun


def _spawn_of(log: EventLog, firsts: Numbers) -> Numbers:
    """Where the tasks were spawned that have these first events."""
    known = firsts != OPEN
    starts = firsts.copy()
    starts[known] = log.column("cause_row")[firsts[known]]
    return starts


def _paired(
    rows: Numbers, tasks: Numbers, starting: NDArray[np.bool_], stopping: NDArray[np.bool_]
) -> tuple[Numbers, Numbers]:
    """Starts with the next stop of the same task; what has no partner goes with `OPEN`."""
    starts, stops = np.flatnonzero(starting), np.flatnonzero(stopping)
    # One number for task and place, so that one search finds the start before a stop.
    size = len(rows) + 1
    keys = tasks[starts] * size + starts
    order = np.argsort(keys)
    places = np.searchsorted(keys[order], tasks[stops] * size + stops, side="right") - 1
    known = places >= 0
    candidates = starts[order[np.maximum(places, 0)]] if len(starts) else np.zeros(len(stops), np.int64)
    known &= tasks[candidates] == tasks[stops] if len(rows) else False
    partner: Numbers = np.full(len(rows), OPEN, np.int64)
    partner[candidates[known]] = rows[stops[known]]  # of two stops the later one counts
    alone = stops[~known]
    return (
        np.concatenate((rows[starts], np.full(len(alone), OPEN, np.int64))),
        np.concatenate((partner[starts], rows[alone])),
    )


def _in_order(
    log: EventLog, rows: Numbers, starting: NDArray[np.bool_], stopping: NDArray[np.bool_]
) -> tuple[Numbers, Numbers]:
    """Starts and stops of a log without tasks: the first handled goes with the first received.

    Of one component, message type and session. What was not handled is left out: nothing says that it runs.
    """
    columns = [log.column(name) for name in ("component", "message_type", "session")]
    waiting: dict[tuple[int, ...], deque[int]] = {}
    pairs: dict[int, int] = {}
    alone: list[int] = []
    for place in np.flatnonzero(starting | stopping)[-_MOST_GUESSED:].tolist():
        row = int(rows[place])
        key = tuple(int(column[row]) for column in columns)
        if starting[place]:
            waiting.setdefault(key, deque()).append(row)
        elif waiting.get(key):
            pairs[waiting[key].popleft()] = row
        else:
            alone.append(row)
    starts = [*pairs, *(OPEN for _ in alone)]
    return np.array(starts, np.int64), np.array([*pairs.values(), *alone], np.int64)


def _named_by_stop(log: EventLog, starts: Numbers, stops: Numbers) -> Numbers:
    """A stop names its start as its cause: so it is known though it is far away."""
    missing = (starts == OPEN) & (stops != OPEN)
    if not bool(missing.any()):
        return starts
    causes = log.column("cause_row")[stops[missing]]
    found = starts.copy()
    found[missing] = np.where((causes >= 0) & (causes < stops[missing]), causes, OPEN)
    return found


def arrows(log: EventLog, rows: Numbers) -> Arrows:
    """Messages that were received, and tasks that were spawned, in `rows` (ascending)."""
    kinds = log.column("event_type")
    here = kinds[rows]
    received, published = log.id_of("event_type", RECEIVED), log.id_of("event_type", PUBLISHED)
    is_received = _is(here, received)
    causes = log.column("cause_row")[rows]
    told = is_received & (causes >= 0) | _begun_by_spawn(log, rows, log.column("task")[rows].astype(np.int64))
    targets, sources = rows[told], causes[told]
    guessed_sources, guessed_targets = _guessed(
        log, rows, _is(here, published), is_received & (causes == NONE)
    )
    return Arrows(
        np.concatenate((sources, guessed_sources)),
        np.concatenate((targets, guessed_targets)),
        np.arange(len(sources) + len(guessed_sources)) >= len(sources),
    )


def _guessed(
    log: EventLog, rows: Numbers, published: NDArray[np.bool_], received: NDArray[np.bool_]
) -> tuple[Numbers, Numbers]:
    """Receives without a cause, with the latest publish of the same message type and session before them."""
    sources: list[int] = []
    targets: list[int] = []
    if bool(received.any()):
        messages, sessions = log.column("message_type"), log.column("session")
        latest: dict[tuple[int, int], int] = {}
        for place in np.flatnonzero(published | received)[-_MOST_GUESSED:].tolist():
            row = int(rows[place])
            key = (int(messages[row]), int(sessions[row]))
            if published[place]:
                latest[key] = row
            elif key in latest:
                sources.append(latest[key])
                targets.append(row)
    return np.array(sources, np.int64), np.array(targets, np.int64)
