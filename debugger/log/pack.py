"""Events made ready for the log: what its columns and indexes need, and no more. Knows no log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol, cast

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from backend.events import EMPTY, Event, Payload, encode_payload
from backend.events.vocabulary import SEVERITIES, SUBSCRIBED, SYSTEM, UNSUBSCRIBED, severity_rank
from debugger.log.columns import NONE, integers
from debugger.log.series import DIGITS, numbers_after

_TELLING: Final = frozenset({SYSTEM, SUBSCRIBED, UNSUBSCRIBED})
_FAR_PAST, _FAR_FUTURE = -(2**63), 2**63 - 1
_INFO: Final = severity_rank("info")
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
    """Ids that some events have: at `places`, a head with `counts` after it, or else `texts`."""

    places: NDArray[np.int64]
    head: str
    counts: NDArray[np.int64] | None
    texts: list[str]

    def at(self, index: int) -> str:
        """One of them."""
        return self.texts[index] if self.counts is None else f"{self.head}{self.counts[index]}"

    def of(self, rows: NDArray[np.bool_]) -> Texts:
        """Those of some events only."""
        mine = np.flatnonzero(rows[self.places])
        counts = None if self.counts is None else self.counts[mine]
        texts = self.texts if counts is not None else [self.texts[at] for at in mine.tolist()]
        return Texts(self.places[mine], self.head, counts, texts)


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


class _SeverityNumbers(dict[str, int]):
    """As `severity_rank`: a foreign severity counts as ``info``."""

    def __missing__(self, severity: str) -> int:
        return _INFO


_severity_number: Final = _SeverityNumbers(zip(SEVERITIES, range(len(SEVERITIES)), strict=True)).__getitem__


def pack(events: Sequence[Heading], payload_of: Callable[[int], Payload], states: list[int]) -> Pack:
    """Turn events round; `payload_of` gives the payload of one, `states` are those with a state."""
    # One comprehension a field takes half the time of turning tuples of all fields round.
    names = {
        "event_type": _named([event.event_type for event in events]),
        "component": _named([event.component for event in events]),
        "message_type": _named([event.message_type for event in events]),
        "session": _named([event.session_id for event in events]),
        "correlation": _named([event.correlation_id for event in events]),
        "task": _named([event.task for event in events]),
        "source": _named([event.source for event in events]),
        "worker": _named([event.worker_id for event in events]),
        "direction": _named([event.direction for event in events]),
    }
    return Pack(
        times=_times(events),
        monos=_numbers([event.mono_ns for event in events], np.int64),
        turns=_numbers([event.turn for event in events], np.int32),
        seqs=_numbers([event.seq for event in events], np.int64),
        severities=np.frombuffer(
            bytes(map(_severity_number, [event.severity for event in events])), np.uint8
        ),
        names=names,
        ids=_texts([event.id for event in events]),
        causes=_texts([event.cause for event in events]),
        states=np.array(states, np.int64),
        telling=list(_telling(names["event_type"], payload_of)),
    )


def pack_events(events: Sequence[Event]) -> Pack:
    """Turn whole events round."""
    states = places_of_states([event.component_state for event in events])
    return pack(events, lambda place: events[place].data, states or [])


def _named(texts: Sequence[str | None]) -> Names:
    distinct = dict.fromkeys(texts)
    if len(distinct) == 1:
        return Names(list(distinct), np.zeros(len(texts), np.uint8))
    places = dict(zip(distinct, range(len(distinct)), strict=True))
    return Names(list(distinct), np.fromiter(map(places.__getitem__, texts), np.uint32, len(texts)))


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


def _telling(kinds: Names, payload_of: Callable[[int], Payload]) -> Iterable[tuple[int, bytes]]:
    telling = [place for place, kind in enumerate(kinds.distinct) if kind in _TELLING]
    if telling:
        for at in np.flatnonzero(np.isin(kinds.numbers, telling)).tolist():
            payload = payload_of(at)
            yield at, bytes(payload if isinstance(payload, Raw) else encode_payload(payload))


def _numbers(values: list[Any], dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Numbers, some of which may be absent."""
    try:
        return integers(values, dtype)
    except TypeError:
        return integers([NONE if one is None else one for one in values], dtype)


def _times(events: Sequence[Heading]) -> NDArray[Any]:
    try:
        return integers([event.timestamp_ns for event in events], np.int64)  # type: ignore[misc] # None raises
    except TypeError:
        return integers([nanoseconds(event) for event in events], np.int64)


def nanoseconds(event: Heading) -> int:
    """The exact time of an event in ns, else the float's, rounded to the microseconds that it holds."""
    if event.timestamp_ns is not None:
        return event.timestamp_ns
    try:
        return round(event.timestamp * 1e6) * 1000
    except OverflowError:  # 1e400 reads as infinity
        return _FAR_FUTURE if event.timestamp > 0 else _FAR_PAST


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
