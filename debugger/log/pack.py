"""Events made ready for the log: what its columns and indexes need, and no more. Knows no log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol, cast

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from backend.events import EMPTY, Event, Payload, encode_payload
from backend.events.vocabulary import (
    RECORDING_STARTED,
    SUBSCRIBED,
    SYSTEM,
    UNSUBSCRIBED,
    severity_rank,
)
from debugger.log.columns import NONE, integers
from debugger.log.series import DIGITS, numbers_after

_TELLING: Final = frozenset({SYSTEM, SUBSCRIBED, UNSUBSCRIBED})
# In 1823 and 2116. What is beyond is taken for them: so the difference of two times fits 64 bits.
FAR_PAST, FAR_FUTURE = -(2**62), 2**62 - 1
_BYTE: Final = 1 << 8
_MEMBER: Final = b'{"'
_NO_OBJECT: Final = -1


class Heading(Protocol):
    """An event, as far as it is needed here: `Event`, or one decoded without its payload."""

    timestamp: float
    event_type: str
    component: str
    message_type: str | None
    session_id: str | None
    correlation_id: str | None
    task: str | None
    source: str | None
    worker_id: str | None
    direction: str | None
    severity: str
    id: str | None
    cause: str | None
    seq: int | None
    timestamp_ns: int | None
    mono_ns: int | None
    turn: int | None
    component_state: Payload


class Names(NamedTuple):
    """A name for each event, as a place in `distinct`."""

    distinct: list[str | None]
    numbers: NDArray[Any]


class Texts(NamedTuple):
    """Ids that some events have: at `places`, a head with `counts` after it, or else `texts`.

    With counts the texts may be given too: they are then not made again.
    """

    places: NDArray[np.int64]
    head: str
    counts: NDArray[np.int64] | None
    texts: list[str]

    def at(self, index: int) -> str:
        """One of them."""
        return self.texts[index] if self.texts else f"{self.head}{self.counts[index]}"  # type: ignore[index] # one of both is there

    def of(self, rows: NDArray[np.bool_]) -> Texts:
        """Those of some events only."""
        mine = np.flatnonzero(rows[self.places])
        counts = None if self.counts is None else self.counts[mine]
        texts = [self.texts[at] for at in mine.tolist()] if self.texts else []
        return Texts(self.places[mine], self.head, counts, texts)

    def part(self, start: int, stop: int) -> Texts:
        """Those of the events from `start` to `stop`, counted from there."""
        low, high = np.searchsorted(self.places, (start, stop)).tolist()
        counts = None if self.counts is None else self.counts[low:high]
        return Texts(self.places[low:high] - start, self.head, counts, self.texts[low:high])


class Pack(NamedTuple):
    """A batch of events, of one at least, turned round.

    ``states`` are the places of events that have a component state with something in it,
    ``telling`` the payloads of those that may say something about the topology, by place.
    """

    times: NDArray[np.int64]
    monos: NDArray[np.int64]
    turns: NDArray[np.int32]
    seqs: NDArray[np.int64]
    severities: NDArray[np.uint8]
    names: dict[str, Names]
    ids: Texts
    causes: Texts
    states: NDArray[np.int64]
    telling: list[tuple[int, bytes]]

    def part(self, start: int, stop: int) -> Pack:
        """The events from `start` to `stop`."""
        low, high = np.searchsorted(self.states, (start, stop)).tolist()
        return Pack(
            times=self.times[start:stop],
            monos=self.monos[start:stop],
            turns=self.turns[start:stop],
            seqs=self.seqs[start:stop],
            severities=self.severities[start:stop],
            names={name: one._replace(numbers=one.numbers[start:stop]) for name, one in self.names.items()},
            ids=self.ids.part(start, stop),
            causes=self.causes.part(start, stop),
            states=self.states[low:high] - start,
            telling=[(at - start, payload) for at, payload in self.telling if start <= at < stop],
        )


_kind_of: Final = attrgetter("event_type", "component", "message_type", "source", "direction", "severity")
_scope_of: Final = attrgetter("session_id", "correlation_id", "worker_id", "turn")


def pack(events: Sequence[Heading], payload_of: Callable[[int], Payload], states: list[int]) -> Pack:
    """Turn events round; `payload_of` gives the payload of one, `states` are those with a state."""
    # What goes together is numbered together: some hundred kinds of events in a thousand, a few scopes.
    kinds, kind_numbers = _numbered(list(map(_kind_of, events)))
    scopes, scope_numbers = _numbered(list(map(_scope_of, events)))
    types, components, messages, sources, directions, severities = map(list, zip(*kinds, strict=True))
    sessions, correlations, workers, turns = map(list, zip(*scopes, strict=True))
    tasks, task_numbers = _numbered([event.task for event in events])
    return Pack(
        times=_times(events),
        monos=_numbers([event.mono_ns for event in events], np.int64),
        turns=_numbers(turns, np.int32)[scope_numbers],
        seqs=_numbers([event.seq for event in events], np.int64),
        severities=np.array([severity_rank(one) for one in severities], np.uint8)[kind_numbers],
        names={
            "event_type": Names(types, kind_numbers),
            "component": Names(components, kind_numbers),
            "message_type": Names(messages, kind_numbers),
            "source": Names(sources, kind_numbers),
            "direction": Names(directions, kind_numbers),
            "session": Names(sessions, scope_numbers),
            "correlation": Names(correlations, scope_numbers),
            "worker": Names(workers, scope_numbers),
            "task": Names(tasks, task_numbers),
        },
        ids=_texts([event.id for event in events]),
        causes=_texts([event.cause for event in events]),
        states=np.array(states, np.int64),
        telling=sorted(_telling(types, messages, kind_numbers, payload_of)),
    )


def pack_events(events: Sequence[Event]) -> Pack:
    """Turn whole events round."""
    states = places_of_states([event.component_state for event in events])
    return pack(events, lambda place: events[place].data, states or [])


def _numbered(values: list[Any]) -> tuple[list[Any], NDArray[Any]]:
    """The distinct values in the order of first sight, and the place of each event's among them."""
    distinct = dict.fromkeys(values)
    places = dict(zip(distinct, range(len(distinct)), strict=True))
    kind = np.uint8 if len(distinct) <= _BYTE else np.uint32
    return list(distinct), np.fromiter(map(places.__getitem__, values), kind, len(values))


def _texts(texts: list[str | None]) -> Texts:
    there = [text for text in texts if text is not None]
    if len(there) == len(texts):
        places = np.arange(len(texts))
    else:
        places = np.flatnonzero(np.array([text is not None for text in texts], np.bool_))
    if not there:
        return Texts(places, "", None, there)
    head = there[0].rstrip(DIGITS)
    counts = numbers_after(head, there)
    return Texts(places, head, counts, there if counts is None else [])


def _telling(
    types: list[str], messages: list[str | None], numbers: NDArray[Any], payload_of: Callable[[int], Payload]
) -> Iterable[tuple[int, bytes]]:
    for place, (kind, message) in enumerate(zip(types, messages, strict=True)):
        if kind not in _TELLING:
            continue
        # The payload of most tells no more than the message type does, and is not looked into.
        inside = message == RECORDING_STARTED if kind == SYSTEM else message is None
        for at in np.flatnonzero(numbers == place).tolist():
            payload = payload_of(at) if inside else EMPTY
            yield at, bytes(payload if isinstance(payload, Raw) else encode_payload(payload))


def _numbers(values: list[Any], dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Numbers, some of which may be absent."""
    try:
        return integers(values, dtype)
    except TypeError:
        return integers([NONE if one is None else one for one in values], dtype)


def _times(events: Sequence[Heading]) -> NDArray[Any]:
    try:
        times = integers([event.timestamp_ns for event in events], np.int64)  # type: ignore[misc] # None raises
    except TypeError:
        times = integers([nanoseconds(event) for event in events], np.int64)
    return np.clip(times, FAR_PAST, FAR_FUTURE, out=times)


def nanoseconds(event: Heading) -> int:
    """The exact time of an event in ns, else the float's, rounded to the microseconds that it holds.

    What is outside of the years that a log knows is taken for their first or last moment.
    """
    exact = event.timestamp_ns
    if exact is None:
        try:
            exact = round(event.timestamp * 1e6) * 1000
        except OverflowError:  # 1e400 reads as infinity
            exact = FAR_FUTURE if event.timestamp > 0 else FAR_PAST
    return min(max(exact, FAR_PAST), FAR_FUTURE)


def places_of_states(states: Sequence[Payload]) -> list[int] | None:
    """Where there is a component state with something in it; None if one is no object."""
    # `{}` is by far the most frequent, and told apart in no time.
    holding = [at for at, state in enumerate(states) if state != EMPTY]
    try:
        raw: Sequence[Raw] = cast("Sequence[Raw]", states)
        unusual = [at for at in holding if not bytes(raw[at]).startswith(_MEMBER)]
    except TypeError:  # made here, not read from anywhere
        unusual = holding
    if unusual:
        kinds = {at: _kind(states[at]) for at in unusual}
        if _NO_OBJECT in kinds.values():
            return None
        holding = [at for at in holding if kinds.get(at, 1)]
    return holding


def _kind(payload: Payload) -> int:
    """`_NO_OBJECT`, or whether there is something in it."""
    if not isinstance(payload, Raw):
        return bool(payload)
    text = bytes(payload)
    if text.startswith(b"{"):
        return text[1:-1].strip() != b""  # `{ }` is other people's style
    return 0 if text == b"null" else _NO_OBJECT
