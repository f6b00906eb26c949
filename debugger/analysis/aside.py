"""Rules on a second processor, while the first one finds the order: for large logs that are whole.

The process is a copy of this one, so that it has the log as it is. What it cannot know is whether anything
orders two rows: it asks, some at once, and is answered in the same order as soon as the order is that far.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from debugger.analysis.findings import Finding
from debugger.analysis.order import Order
from debugger.analysis.rules import Rules, RuleSet
from debugger.analysis.rules.doubts import AtHand, Doubt
from debugger.log import EventLog

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WORTH: Final = 20_000
"""Rows from which on the second process pays."""

_CHUNK: Final = 1 << 16
_ASKED_AT_ONCE: Final = 2_048
_UNANSWERED: Final = 1 << 14
"""Doubts after which the rules wait for answers: they are a byte each, which a pipe holds in any case."""


class Found(Struct, frozen=True):
    """What rules found, and which of them could not be judged, and why."""

    findings: tuple[Finding, ...]
    unjudged: tuple[tuple[str, str], ...]


def found_by(rules: Rules) -> Found:
    """All that there is to say of a log that is whole."""
    return Found(rules.all(), rules.unjudged())


def possible(log: EventLog) -> bool:
    """Whether there is a second process to be had, and it is worth its while.

    A copy of a process has but one thread: what others hold there stays held for ever.
    """
    return len(log) >= WORTH and sys.platform == "linux" and threading.active_count() == 1


class Aside:
    """The other process, seen from the one that has the order."""

    def __init__(self, log: EventLog, rules: RuleSet, order: Order) -> None:
        import multiprocessing  # noqa: PLC0415 - what a small log does without

        self._order = order
        self._answers = AtHand(log, order)
        self._asked: deque[tuple[int, int, int, bool]] = deque()
        self._found: Found | None = None
        self._over = False
        processes = multiprocessing.get_context("fork")
        self._connection, theirs = processes.Pipe()
        self._process = processes.Process(
            target=_judge, args=(log, rules, theirs, self._connection), daemon=True
        )
        self._process.start()
        theirs.close()

    def serve(self) -> None:
        """Answer what was asked, as far as the order is."""
        with contextlib.suppress(OSError):
            while not self._over and self._connection.poll():
                self._take()
            self._answer()

    def result(self) -> Found | None:
        """What was found, once all is known of the order; None if the process has died of something."""
        while not self._over:
            with contextlib.suppress(OSError):
                self._answer()
            self._take()
        self.stop()
        return self._found

    def stop(self) -> None:
        """End it, whatever it does. Idempotent."""
        self._over = True
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _take(self) -> None:
        try:
            came = self._connection.recv()
        except (OSError, EOFError):
            self._over = True
            return
        if isinstance(came, Found):
            self._found, self._over = came, True
        else:
            self._asked.extend(map(tuple, came.tolist()))

    def _answer(self) -> None:
        asked, looked_at, holds = self._asked, self._order.looked_at, self._answers.holds
        answers = bytearray()
        while asked and max(asked[0][:3]) < looked_at:
            answers.append(holds(Doubt(*asked.popleft())))
        if answers:
            self._connection.send_bytes(answers)


class _Asking:
    """Doubts that another process answers: `doubts.Doubts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._new: list[Doubt] = []
        self._waiting: deque[Callable[[], None]] = deque()

    def ask(self, doubt: Doubt, unordered: Callable[[], None]) -> None:
        """Call ``unordered`` if that is what they are."""
        self._new.append(doubt)
        self._waiting.append(unordered)
        if len(self._new) >= _ASKED_AT_ONCE:
            self._send()
            self.settle(_UNANSWERED)

    def settle(self, most: int) -> None:
        """Take the answers that came; wait for them while more than so many are open."""
        self._send()
        while self._waiting and (len(self._waiting) > most or self._connection.poll()):
            for answer in self._connection.recv_bytes():
                unordered = self._waiting.popleft()
                if answer:
                    unordered()

    def _send(self) -> None:
        if self._new:
            asked: NDArray[np.int64] = np.array(self._new, np.int64)
            self._connection.send(asked)
            self._new = []


def _judge(log: EventLog, ruleset: RuleSet, connection: Connection, theirs: Connection) -> None:
    """What the other process does; it ends when nobody is there to answer."""
    theirs.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits is interrupted, and ends it
    gc.freeze()  # what was there before is shared, and is to stay so
    asking = _Asking(connection)
    with contextlib.suppress(OSError, EOFError):
        rules = Rules(log, ruleset, doubts=asking)
        while not rules.complete:
            rules.take(min(rules.looked_at + _CHUNK, len(log)))
            asking.settle(_UNANSWERED)
        rules.finish()
        asking.settle(0)
        connection.send(found_by(rules))
        connection.poll(None)  # until it is taken: it is ended then
