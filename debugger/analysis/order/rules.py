"""The rules that order two events, and how sure each application of one is."""

from __future__ import annotations

import enum
from typing import Final


class Rule(enum.Enum):
    """Why one event happens before another. The value is its name in reports."""

    PROGRAM = "program-order"
    PUBLISH = "publish-receive"
    MAILBOX = "mailbox-order"
    MAILBOX_CAUSED = "mailbox-caused"
    SPAWN = "spawn"
    JOIN = "join"
    ITEM = "item"
    SIGNAL = "signal"
    CANCEL = "cancel"
    TIMER = "timer"

    @property
    def sentence(self) -> str:
        """The rule in words, for an explanation."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Rule.PROGRAM: "one task does them one after the other",
    Rule.PUBLISH: "a message is received after it was published",
    Rule.MAILBOX: "an ordered mailbox handles messages one by one, in the order in which they were published",
    Rule.MAILBOX_CAUSED: "the message was published because of what the earlier handler of this mailbox did",
    Rule.SPAWN: "a task begins after it was spawned",
    Rule.JOIN: "who waits for a task goes on after its end",
    Rule.ITEM: "an item is got after it was put",
    Rule.SIGNAL: "it names the other event as its cause",
    Rule.CANCEL: "a task sees its cancellation after that was asked for",
    Rule.TIMER: "timers that were set in order, with delays in order, fire in order",
}


class Confidence(enum.Enum):
    """How sure an edge is."""

    RECORDED = "recorded"
    """The log says so."""

    DECLARED = "declared"
    """It follows from what a subscriber declared: that its mailbox is ordered."""

    ASSUMED = "assumed"
    """It follows from a mailbox being ordered, which nobody declared: its handlers did not overlap so far."""

    REBUILT = "rebuilt"
    """The log does not say so. It was matched by message, correlation, component and order."""


# How edges are told apart within the order: by a small number, for a rule with its confidence. The first five
# are not stored, for the log's own columns tell them: task, and cause.
(
    BY_TASK,
    BY_PUBLISH,
    BY_SPAWN,
    BY_ITEM,
    BY_SIGNAL,
    MATCHED_PUBLISH,
    MATCHED_PUT,
    FIFO_DECLARED,
    FIFO_ASSUMED,
    SPAWNED_CHILD,
    JOINED_CHILD,
    CANCEL_SEEN,
    TIMER_FIRED,
) = range(13)

MEANINGS: Final = {
    BY_TASK: (Rule.PROGRAM, Confidence.RECORDED),
    BY_PUBLISH: (Rule.PUBLISH, Confidence.RECORDED),
    BY_SPAWN: (Rule.SPAWN, Confidence.RECORDED),
    BY_ITEM: (Rule.ITEM, Confidence.RECORDED),
    BY_SIGNAL: (Rule.SIGNAL, Confidence.RECORDED),
    FIFO_DECLARED: (Rule.MAILBOX, Confidence.DECLARED),
    FIFO_ASSUMED: (Rule.MAILBOX, Confidence.ASSUMED),
    MATCHED_PUBLISH: (Rule.PUBLISH, Confidence.REBUILT),
    MATCHED_PUT: (Rule.ITEM, Confidence.REBUILT),
    SPAWNED_CHILD: (Rule.SPAWN, Confidence.RECORDED),
    JOINED_CHILD: (Rule.JOIN, Confidence.RECORDED),
    CANCEL_SEEN: (Rule.CANCEL, Confidence.RECORDED),
    TIMER_FIRED: (Rule.TIMER, Confidence.RECORDED),
}

BY_CAUSE: Final = frozenset({BY_PUBLISH, BY_SPAWN, BY_ITEM, BY_SIGNAL})
"""Those that the column of causes tells."""

OF_EVENTS: Final = BY_CAUSE | {MATCHED_PUBLISH, MATCHED_PUT, SPAWNED_CHILD, CANCEL_SEEN}
"""Those that order what comes after one event; the others order what comes after a task, or its handler."""
