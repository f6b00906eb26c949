"""Who listens to what, and how: which mailbox a message came to, and whether it is ordered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.bounded import bounded
from debugger.analysis.order.clocks import NEVER
from debugger.analysis.order.handled import Handled, Rest
from debugger.analysis.order.payloads import Told
from debugger.analysis.order.records import Limits
from debugger.log import ABSENT

_BITS: Final = 32
_HALF: Final = 16
_MASK: Final = (1 << _BITS) - 1
_SHORT: Final = (1 << _HALF) - 1
_NO_PLACE: Final = -(2**63)
_LINGER: Final = 4096  # rows after the last unsubscribe in which a session's handlers come to an end


def place(component: int, session: int, message: int) -> int:
    """One number for three."""
    if component > _SHORT or message > _SHORT:
        return -1 - (session << 2 * _BITS | component << _BITS | message)
    return session << _BITS | component << _HALF | message


def places(component: NDArray[Any], session: NDArray[Any], message: NDArray[Any]) -> NDArray[np.int64]:
    """The same for rows; what does not fit is told to be in no mailbox that is known."""
    numbers: NDArray[np.int64] = (
        session.astype(np.int64) << _BITS | component.astype(np.int64) << _HALF | message
    )
    if len(numbers) and max(int(component.max()), int(message.max())) > _SHORT:
        numbers[(component > _SHORT) | (message > _SHORT)] = _NO_PLACE
    return numbers


class Address(NamedTuple):
    """Component and session of a mailbox, by the log's numbers; no session: it gets the messages of all."""

    component: int
    session: int


class _Port:
    """What a component said, in a session, of a message type that it listens to."""

    __slots__ = ("ordered", "subscribed")

    def __init__(self, *, ordered: bool | None) -> None:
        self.ordered = ordered
        self.subscribed = 0


class Mailbox:
    """One subscriber's inbox. Handlers of an ordered one do not overlap."""

    __slots__ = (
        "address",
        "chain",
        "declared",
        "end",
        "end_run",
        "handled",
        "key",
        "latest",
        "loose",
        "ordered",
        "overlapped",
        "rest",
    )

    def __init__(self, address: Address, limits: Limits, *, ordered: bool) -> None:
        self.address = address
        self.ordered = ordered
        self.declared = False
        # The handler that began last: its task (-1: it is entered in ``handled``), its end, if that is known,
        # and as of `Activation`.
        self.latest = -1
        self.end = NEVER
        self.end_run = -1
        self.chain = -1
        self.key = -1
        self.rest: Rest = None
        self.loose = False
        self.overlapped = NEVER  # the first end of those that were still running when another began
        self.handled: Final = Handled(limits.handled, limits.publishers)

    def forget(self, run: int) -> None:
        """Forget handlers that ended before a run."""
        if self.latest >= 0 and self.end < NEVER and self.end_run < run:
            self.latest = -1
        self.handled.forget(run)

    def drop_order(self) -> None:
        """Handlers overlapped, or came in another order: from here on nothing is ordered."""
        self.ordered = False
        self.handled.clear()


class Ports:
    """The mailboxes of a log. A component has one for each session in which it listens.

    `subscribed` events tell whether it is ordered; that of a component which told nothing is taken to be
    ordered until its handlers overlap. ``is_concurrent`` says of which it is known that they will.
    """

    def __init__(self, is_concurrent: Callable[[Address], bool], limits: Limits) -> None:
        self._is_concurrent = is_concurrent
        self._limits = limits
        self._most = limits.mailboxes
        self._ports: dict[int, dict[int, _Port]] = {}
        self._listening: dict[int, int] = {}  # subscriptions by session
        self._of_session: dict[int, set[int]] = {}  # keys of `_ports` and `_boxes`
        self._places: dict[int, list[int]] = {}  # keys of `known`, by session
        self._closing: deque[tuple[int, int]] = deque()  # rows and sessions
        self._boxes: dict[int, Mailbox] = {}
        self.known: Final[dict[int, Mailbox | None]] = {}
        """Mailboxes of which `mailbox` told before, by `place`."""
        self.due = NEVER  # at which row `closed` has something to say

    def subscribed(self, component: int, session: int, message: int, told: Told) -> None:
        """A component says that it listens, and perhaps how."""
        key = component << _BITS | session
        ports = self._ports.get(key)
        if ports is None:
            ports = self._ports[key] = {}
            self._of_session.setdefault(session, set()).add(key)
        port = ports.get(message)
        if port is None:
            port = ports[message] = _Port(ordered=told.ordered)
        elif port.subscribed:
            port.ordered = False  # twice at once: two mailboxes, and no way to tell whose a receive is
        elif told.ordered is not None:
            port.ordered = told.ordered
        port.subscribed += 1
        self._listening[session] = self._listening.get(session, 0) + 1
        if session == ABSENT:
            self._forget_known()
        else:
            self.known.pop(place(component, session, message), None)

    def unsubscribed(self, component: int, session: int, message: int, row: int) -> None:
        """The reverse. What was delivered before may still be handled."""
        port = self._ports.get(component << _BITS | session, {}).get(message)
        if port is None or not port.subscribed:
            return
        port.subscribed -= 1
        left = self._listening[session] = self._listening[session] - 1
        if not left:
            del self._listening[session]
            if session != ABSENT:
                self._closing.append((row + _LINGER, session))
                self.due = min(self.due, row + _LINGER)

    def closed(self, row: int) -> list[int]:
        """Sessions that are over by now: nobody listens to them, and has not for a while."""
        over: list[int] = []
        while self._closing and self._closing[0][0] <= row:
            session = self._closing.popleft()[1]
            if session not in self._listening:
                over.append(session)
        self.due = self._closing[0][0] if self._closing else NEVER
        for session in over:
            for key in self._of_session.pop(session, ()):
                self._ports.pop(key, None)
                self._boxes.pop(key, None)
            for at in self._places.pop(session, ()):
                self.known.pop(at, None)
        return over

    def mailbox(self, component: int, session: int, message: int) -> Mailbox | None:
        """The mailbox that a message came to; None if it is not ordered, or cannot be told."""
        at = place(component, session, message)
        try:
            return self.known[at]
        except KeyError:
            if len(self.known) >= self._most:
                self._forget_known()
            box = self.known[at] = self._look_up(component, session, message)
            self._places.setdefault(session, []).append(at)
            return box

    def _forget_known(self) -> None:
        self.known.clear()
        self._places.clear()

    def _look_up(self, component: int, session: int, message: int) -> Mailbox | None:
        own, common = component << _BITS | session, component << _BITS | ABSENT
        of_own = self._ports.get(own, {}).get(message)
        of_all = self._ports.get(common, {}).get(message) if session != ABSENT else None
        if of_own is not None and of_all is not None:
            return None  # it has two, and gets the message twice
        key, port = (own, of_own) if of_all is None else (common, of_all)
        if port is not None and port.ordered is False:
            return None
        box = self._boxes.get(key)
        if box is None:
            address = Address(component, key & _MASK)
            box = self._boxes[key] = Mailbox(address, self._limits, ordered=not self._is_concurrent(address))
            self._of_session.setdefault(address.session, set()).add(key)
            if bounded(self._boxes, self._most):
                self._forget_known()
                self._of_session.clear()
                for known in (*self._ports, *self._boxes):
                    self._of_session.setdefault(known & _MASK, set()).add(known)
        if port is not None and port.ordered:
            box.declared = True
        return box

    @property
    def mailboxes(self) -> list[Mailbox]:
        """All that are known now."""
        return list(self._boxes.values())
