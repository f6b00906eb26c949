"""What an activation is, in a word: the message that it handles, or the task's name."""

from __future__ import annotations

from typing import Final, NamedTuple

from backend.events import vocabulary as words
from debugger.analysis.conflicts.lines import payload
from debugger.analysis.order.bounded import bounded
from debugger.log import EventLog

_NO_TASK: Final = -1
_MOST: Final = 1 << 16
_OF_MESSAGES: Final = (words.RECEIVED, words.HANDLED)


class Label(NamedTuple):
    """What an activation is called, and whose it is."""

    name: str
    component: str

    def beside(self, component: str) -> str:
        """In words, where a component is spoken of."""
        if not self.name:
            return self.component
        return self.name if component == self.component else f"{self.name} of {self.component}"


class Labels:
    """Words for activations; looked up when asked, and remembered by task."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: dict[int, tuple[int | None, Label]] = {}  # by task, and its receipt at that time
        self._of_messages: dict[tuple[int, int], Label] = {}  # by the numbers of a message and a component
        self.receipts: Final[dict[int, int]] = {}
        """The rows in which the handlers began that began last, by task."""

    def received(self, task: int, row: int) -> None:
        """A task is the handler of the message that was received in a row."""
        self.receipts[task] = row
        bounded(self.receipts, _MOST)

    def of(self, row: int, task: int) -> Label:
        """What the activation of a row is: a message type, a task's name, or only its component."""
        receipt = self.receipts.get(task)
        known = self._known.get(task)
        if known is not None and known[0] == receipt:
            return known[1]
        label = self._looked_up(row) if receipt is None else self._message(receipt)
        if task != _NO_TASK:
            self._known[task] = receipt, label
            bounded(self._known, _MOST)
        return label

    def forget(self) -> None:
        """Tasks have other numbers from here on."""
        self._known.clear()
        self.receipts.clear()

    def _message(self, row: int) -> Label:
        at = self._log.column("message_type").item(row), self._log.column("component").item(row)
        label = self._of_messages.get(at)
        if label is None:
            label = Label(self._log.name("message_type", at[0]), self._component(row))
            if len(self._of_messages) < _MOST and not self._log.forgets:  # else numbers get other names
                self._of_messages[at] = label
        return label

    def _component(self, row: int) -> str:
        return self._log.name("component", int(self._log.column("component")[row]))

    def _looked_up(self, row: int) -> Label:
        log = self._log
        cause = log.cause_row(row)
        for at in (row, cause):
            if at is None:
                break
            kind = log.name("event_type", int(log.column("event_type")[at]))
            if kind in _OF_MESSAGES:
                return self._message(at)
            if kind == words.TASK_SPAWNED and at == cause and (line := log.raw(at)):
                name = payload(log, at, line).name
                if isinstance(name, str) and name:
                    return Label(name, self._component(row))
        return Label("", self._component(row))
