"""The publisher's path: one struct and one append. The one place where events are made."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Protocol

from msgspec import Raw

from backend.events import EMPTY, Payload, encode_payload, members_of
from backend.events.messages import Message
from backend.tap.clock import Clock
from backend.tap.context import Scope, current
from backend.tap.drain import Drain
from backend.tap.stamped import Stamped

# Payload classes that are encoded later, by the drain: nobody can change them meanwhile.
_CANNOT_CHANGE: set[type] = {Raw}
_TWO_DIGITS = tuple(f"{number:02}" for number in range(100))


class Emit(Protocol):
    """Record one event and return its id.

    Cause, task, turn and correlation come from the running activation unless they are
    given. ``data`` and ``state`` are encoded here and now, but for a `Message` and
    `Raw` (one line of JSON), which cannot change. Never raises, never blocks, works from
    any thread.
    """

    def __call__(  # noqa: PLR0913, PLR0917 - one parameter for each field that a caller may set
        self,
        event_type: str,
        component: str | None = None,
        message_type: str | None = None,
        data: Payload | None = None,
        state: Payload = EMPTY,
        direction: str = "internal",
        severity: str = "info",
        cause: str | None = None,
        scope: Scope | None = None,
        reads: tuple[str, ...] = (),
        writes: tuple[str, ...] = (),
    ) -> str:
        """See the class."""


def emitter(source: str, clock: Clock, drain: Drain) -> Emit:
    """Make the function that makes the events of `source`.

    A closure with positional defaults, ids made a hundred at a time, and what a scope's
    events share encoded beforehand: as a plain method it took 720 ns instead of 430, of
    which 100 are the struct. `tests.bench.emit` measures it.
    """
    mono_ns = clock.mono_ns
    activation_of = current.get
    append = drain.append
    cannot_change = _CANNOT_CHANGE
    tail_of = _tails(source)
    plain = tail_of("info", (), ())
    ids: list[str] = []
    take_id = ids.pop
    more_ids = _id_maker(f"{source}-", ids, drain)

    def emit(  # noqa: PLR0913, PLR0917 - see Emit
        event_type: str,
        component: str | None = None,
        message_type: str | None = None,
        data: Payload | None = None,
        state: Payload = EMPTY,
        direction: str = "internal",
        severity: str = "info",
        cause: str | None = None,
        scope: Scope | None = None,
        reads: tuple[str, ...] = (),
        writes: tuple[str, ...] = (),
    ) -> str:
        if data is None:
            data = EMPTY
        elif type(data) not in cannot_change:
            data = _as_frozen(data)
        if state is not EMPTY and type(state) is not Raw:
            state = encode_payload(state)
        begun_by, task, here, told = activation_of().stamp
        if scope is not None:
            told = scope.told
        if severity == "info" and not reads and not writes:
            tail = plain
        else:
            tail = tail_of(severity, tuple(reads), tuple(writes))
        try:
            event_id = take_id()
        except IndexError:
            event_id = more_ids()
        mono = mono_ns()
        wall = mono + drain.wall_offset
        event = Stamped(
            1e-9 * wall,
            event_type,
            component or here,
            message_type,
            told,
            direction,
            data,
            state,
            event_id,
            tail,
            0,  # numbered by the drain, in the order of the record
            wall,
            mono,
            cause or begun_by,
            task,
        )
        append(event)
        if drain.alert:
            drain.notice(event)
        return event_id

    return emit


def _id_maker(prefix: str, ids: list[str], drain: Drain) -> Callable[[], str]:
    """Ids ``{prefix}1``, ``{prefix}2`` and so on, in blocks: one concatenation each, and no counter."""
    lock = threading.Lock()
    block = 0

    def more_ids() -> str:
        nonlocal block
        with lock:
            if block:
                head = f"{prefix}{block}"
                made = [head + digits for digits in _TWO_DIGITS]
            else:
                made = [f"{prefix}{number}" for number in range(1, 100)]
            block += 1
            first = made[0]
            ids.extend(made[:0:-1])  # taken from the end
        drain.check()
        return first

    return more_ids


def _tails(source: str) -> Callable[[str, tuple[str, ...], tuple[str, ...]], Raw]:
    """Encodes what `Stamped.source` holds; a program's code names the same few keys again and again."""

    @functools.lru_cache(maxsize=512)
    def tail_of(severity: str, reads: tuple[str, ...], writes: tuple[str, ...]) -> Raw:
        return members_of({"source": source, "severity": severity, "reads": reads, "writes": writes})

    return tail_of


def _as_frozen(data: Payload) -> Payload:
    if isinstance(data, Message):
        _CANNOT_CHANGE.add(type(data))
        return data
    return encode_payload(data)
