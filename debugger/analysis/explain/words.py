"""What an event is, in a few words."""

from __future__ import annotations

import json
from typing import Any, Final

from backend.events import vocabulary as words
from debugger.analysis.conflicts.values import Change, changes
from debugger.log import MISSING, EventLog

_LONGEST: Final = 48
_VERBS: Final = {
    words.PUBLISHED: "publishes",
    words.RECEIVED: "starts on",
    words.HANDLED: "ends",
    words.TASK_SPAWNED: "spawns",
    words.TASK_FINISHED: "ends",
    words.TASK_JOINED: "waited for",
    words.TASK_CANCEL_REQUESTED: "asks to stop",
    words.LOCK_ACQUIRED: "takes lock",
    words.LOCK_RELEASED: "gives back lock",
    words.ITEM_PUT: "puts into",
    words.ITEM_GOT: "gets from",
    words.STATE_READ: "reads",
    words.STATE_CHANGE: "changes its state",
    words.SUBSCRIBED: "subscribes to",
    words.UNSUBSCRIBED: "unsubscribes from",
    words.ERROR: "error",
}
_NAMES: Final = ("name", "lock", "queue", "error_type", "child")
FEW: Final = 3


def value_words(value: Any) -> str:
    """A value, shortened; foreign words, to be made harmless before they are shown."""
    if value is MISSING:
        return "nothing"
    try:
        told = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        told = "a value nested too deeply"
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"


class Words:
    """Words for the events of a log. One line of the log is read for each."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def who(self, row: int) -> str:
        """The component of an event."""
        return self._log.name("component", int(self._log.column("component")[row]))

    def what(self, row: int, *, state: bool = False) -> str:
        """What happened; with ``state`` also what changed in it."""
        log = self._log
        kind = log.name("event_type", int(log.column("event_type")[row]))
        message = log.name("message_type", int(log.column("message_type")[row]))
        event = log.event(row)
        verb = _VERBS.get(kind, kind)
        told = f"{verb} {message}" if message else verb
        if not message:
            told += self._named(kind, event)
        if state and kind != words.STATE_READ:
            told += self._changed(row)
        return told

    def _named(self, kind: str, event: dict[str, Any]) -> str:
        if kind == words.STATE_READ and isinstance(event.get("reads"), list) and event["reads"]:
            return " " + ", ".join(map(str, event["reads"][:FEW]))
        data = event.get("data")
        if not isinstance(data, dict):
            return ""
        name = next((data[key] for key in _NAMES if isinstance(data.get(key), str)), None)
        return "" if name is None else f" {name}"

    def _changed(self, row: int) -> str:
        found = self.changes(row)
        told = "; ".join(f"{one.key}: {value_words(one.old)} → {value_words(one.new)}" for one in found[:FEW])
        if len(found) > FEW:
            told += f"; {len(found) - FEW} more"
        return f": {told}" if told or (told := self._log.summary(row)) else ""

    def changes(self, row: int) -> list[Change]:
        """What an event's snapshot shows to have changed; nothing where it has none, or is the first."""
        component, session = self.place(row)
        now = self._log.state_at(component, session, row)
        before = self._log.previous_state(component, session, row)
        if now is None or before is None or now.row != row:
            return []
        return changes(before.state, now.state, 64)

    def state(self, row: int) -> dict[str, Any]:
        """The state that an event shows, a part of it for a `state_read`; else the last one before it."""
        shown = self._log.event(row).get("component_state")
        if isinstance(shown, dict) and shown:
            return shown
        known = self._log.state_at(*self.place(row), row)
        return {} if known is None else known.state

    def touched(self, row: int) -> set[str]:
        """The keys of its component that an event shows to be changed, or declares as read or written."""
        event, found = self._log.event(row), {one.key for one in self.changes(row)}
        own = f"{self.who(row)}."
        for names in (event.get("reads"), event.get("writes")):
            if isinstance(names, list):
                found |= {str(name).removeprefix(own) for name in names}
        return found

    def place(self, row: int) -> tuple[str, str | None]:
        """Component and session of an event."""
        session = int(self._log.column("session")[row])
        return self.who(row), self._log.interner("session").value(session)
