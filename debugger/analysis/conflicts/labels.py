"""What an activation is, in a word: the message that it handles, or the task's name."""

from __future__ import annotations

from typing import Final

from backend.events import vocabulary as words
from debugger.analysis.conflicts.lines import payload
from debugger.log import EventLog

_MOST: Final = 1 << 16
_OF_MESSAGES: Final = (words.RECEIVED, words.HANDLED)


class Labels:
    """Words for activations; looked up when asked, and remembered by task."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: dict[int, str] = {}

    def received(self, task: int, message: int) -> None:
        """A task is the handler of a message (the log's number)."""
        self._put(task, self._log.name("message_type", message))

    def of(self, row: int, task: int) -> str:
        """What the activation of a row is: a message type, a task's name, or else its component."""
        known = self._known.get(task)
        if known is None:
            known = self._looked_up(row)
            if task >= 0:
                self._put(task, known)
        return known

    def _put(self, task: int, label: str) -> None:
        self._known[task] = label
        if len(self._known) > _MOST:
            del self._known[next(iter(self._known))]

    def _looked_up(self, row: int) -> str:
        log = self._log
        cause = log.cause_row(row)
        kinds, messages = log.column("event_type"), log.column("message_type")
        for at in (row, cause):
            if at is None:
                break
            kind = log.name("event_type", int(kinds[at]))
            if kind in _OF_MESSAGES:
                return log.name("message_type", int(messages[at]))
            if kind == words.TASK_SPAWNED and at == cause and (line := log.raw(at)):
                name = payload(log, at, line).name
                if isinstance(name, str) and name:
                    return name
        return log.name("component", int(log.column("component")[row]))
