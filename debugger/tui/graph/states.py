"""What a component's snapshots say at a glance: its state in a word, and how much waits in its queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from debugger.log import MISSING, EventLog
from debugger.tui.text import safe_text

WORD: Final = 24
"""Characters of a state's name."""

_QUEUES: Final = ("mailbox", "queue", "inbox", "backlog", "pending", "queued", "buffered", "waiting")
_SUFFIXES: Final = ("", "_depth", "_size", "_length")
_DEPTH_KEYS: Final = tuple(name + suffix for name in _QUEUES for suffix in _SUFFIXES)
_SIZE_KEYS: Final = ("size", "depth", "length", "count")
_KEPT: Final = 1_024
_LOOKED_AT: Final = 3  # snapshots, for whether a queue grows
_GROWN: Final = 2


class Glance(NamedTuple):
    """``depth`` is None where no queue is told of; ``growing`` compares with the snapshots just before."""

    word: str = ""
    depth: int | None = None
    growing: bool = False


class Glances:
    """Remembers what snapshots said: a snapshot never changes."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: dict[int, Glance] = {}

    def at(self, component: str, row: int, session: str | None, last_row: int | None) -> Glance:
        """At `row`: in `session`, else in that of the component's own ``last_row``, else in any."""
        log = self._log
        sessions = [session]
        if last_row is not None:
            sessions.append(log.interner("session").value(int(log.column("session")[last_row])))
        for one in dict.fromkeys((*sessions, None)):
            rows = log.snapshot_rows(component, one, row, _LOOKED_AT if last_row is not None else 1)
            if rows:
                return self._glance(component, one, rows)
        latest = log.latest_state_session(component, row)
        if latest is MISSING:
            return Glance()
        return self._glance(component, latest, log.snapshot_rows(component, latest, row, 1))

    def _glance(self, component: str, session: str | None, rows: list[int]) -> Glance:
        seen = [self._one(component, session, row) for row in rows]
        depths = [one.depth for one in seen if one.depth is not None]
        growing = len(depths) == _LOOKED_AT and depths == sorted(depths) and depths[-1] - depths[0] >= _GROWN
        return seen[-1]._replace(growing=growing)

    def _one(self, component: str, session: str | None, row: int) -> Glance:
        known = self._known.get(row)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            snapshot = self._log.state_at(component, session, row)
            known = glance(snapshot.state) if snapshot is not None else Glance()
            self._known[row] = known
        return known


def glance(state: Mapping[str, Any]) -> Glance:
    """What one snapshot says."""
    word = state.get("state")
    text = safe_text(word, WORD) if isinstance(word, str | int) and not isinstance(word, bool) else ""
    for key in _DEPTH_KEYS:
        if key in state and (depth := _depth(state[key])) is not None:
            return Glance(text, depth)
    return Glance(text)


def _depth(value: Any) -> int | None:
    if isinstance(value, Mapping):
        value = next((value[key] for key in _SIZE_KEYS if key in value), None)
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
