"""The client's end of the feed's dialogue, over any number of connections. No I/O.

Laws, for each source that numbers its events:

1. An event is handed on once, in the order of its seq.
2. What is missing between two events is named by one `GapReceived`, whether the server
   said so or the client saw the hole itself. (With a filter only the server can know.)
3. What the first producer emitted before this client came, and the server keeps no longer, is told too,
   but as no loss: nobody who comes late has it.
4. A new incarnation of the producer is told before its first event, with the last seq known
   of the old one: what it emitted after that is lost, unless it had said that it ended. Where the server
   names all of its producers, those that are among them are no incarnations of each other.
5. Snapshots, where they were asked for, are handed on but those of events that this client is past.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from backend.events import BrokenLineError, Event, decode_line, decode_lines
from backend.events.vocabulary import RECORDING_ENDED, SYSTEM
from backend.wire.control import ControlResult, ControlState
from backend.wire.frames import (
    PROTOCOL,
    ErrorFrame,
    Gap,
    Hello,
    ServerFrame,
    StatesFrame,
    Subscribe,
    control_frame,
    one_line,
)
from backend.wire.received import (
    ControlAnswered,
    ControlChanged,
    EventsReceived,
    GapReceived,
    HelloReceived,
    NotUnderstood,
    Received,
    ServerRefused,
    SourceChanged,
    StatesReceived,
)

__all__ = [
    "MOST_SOURCES",
    "ControlAnswered",
    "ControlChanged",
    "EventsReceived",
    "FeedClient",
    "GapReceived",
    "HelloReceived",
    "NotUnderstood",
    "Position",
    "Received",
    "ServerRefused",
    "SourceChanged",
    "StatesReceived",
]

MOST_SOURCES: Final = 16_384
"""Sources of which a client knows how far they are. A feed that has more makes gaps of what it repeats."""


class Position(Struct, frozen=True):
    """What a client knows of a feed after a frame: given to another, that one goes on in its place."""

    source: str | None = None
    known: dict[str, int] = {}
    ended: tuple[str, ...] = ()
    greeted: bool = False
    source_open: bool = False
    begin: int | None = None
    begun_by: str | None = None
    begins: dict[str, int] = {}
    entry: str | None = None
    """Of a stream that is read without a server between: the entry up to which all is known."""


_MOST_SINCE: Final = 400  # sources in a subscribe; what it does not name is sent again, and known here
_SINCE_BYTES: Final = 32 * 1024

_frame = msgspec.json.Decoder(ServerFrame)
_hello = msgspec.json.Decoder(Hello)
_gap = msgspec.json.Decoder(Gap)
_states = msgspec.json.Decoder(StatesFrame)
_error = msgspec.json.Decoder(ErrorFrame)
_result = msgspec.json.Decoder(ControlResult)
_state = msgspec.json.Decoder(ControlState)


class FeedClient:
    """What one client knows of a feed. Send `opening` after each connect, then `receive` what comes.

    ``wanted`` says what to subscribe to; by default everything in the history and from
    then on, in batches. Its ``since_seq`` is where the first connection begins: 0 for all
    of the history, None for only what comes. Later connections go on where the last one ended,
    the first one too where a `position` says where that is.
    Dialects and msgpack are for other people's clients: this one reads native JSON.
    """

    def __init__(self, wanted: Subscribe | None = None, position: Position | None = None) -> None:
        wanted = wanted or Subscribe(since_seq=0, batch=True)
        if wanted.dialect != "native" or wanted.format != "json":
            raise ValueError("FeedClient reads the native dialect in JSON only")
        position = position or Position(begin=None if wanted.since_seq == 0 else 1)
        self.wanted = wanted
        self.source = position.source
        self._known = dict(position.known)
        self._ended = set(position.ended)
        self._greeted = position.greeted
        self._source_open = position.source_open  # a hello without a source: the next event names it
        self._asked_since: int | None = None
        self._begin = position.begin  # the first seq that could be had
        self._begun_by = position.begun_by
        self._begins_of = dict(position.begins)  # and those of others that were there then
        self._past: dict[str, int] = {}  # what was known when the server greeted
        self._doubtful: set[str] = set()  # sources that the server has not come as far with as this client
        self._latest: dict[str, float] = {}  # time of each source's last event
        self._by_type: dict[str | UnsetType, Callable[[str | bytes, ServerFrame], list[Received]]] = {
            "events": lambda _, head: self._events([bytes(raw) for raw in head.events or ()]),
            "hello": lambda frame, _: self._hello(_hello.decode(frame)),
            "states": lambda frame, _: self._told_states(_states.decode(frame)),
            "gap": lambda frame, _: self._told_gap(_gap.decode(frame)),
            "error": lambda frame, _: [ServerRefused(one_line(_error.decode(frame).message))],
            "control_result": lambda frame, _: [ControlAnswered(_result.decode(frame))],
            "control_state": lambda frame, _: [ControlChanged(_state.decode(frame))],
        }

    @property
    def known_seq(self) -> int:
        """The last seq known, seen or named lost, of the current source; 0 if none."""
        return self._known.get(self.source or "", 0)

    @property
    def ended(self) -> bool:
        """Whether the current source said that its recording ended."""
        return self.source in self._ended

    @property
    def position(self) -> Position:
        """Where this client is: all that `receive` gave is behind it."""
        known, ended = dict(self._known), tuple(sorted(self._ended))
        begin = self._begin, self._begun_by, self._begins_of
        return Position(self.source, known, ended, self._greeted, self._source_open, *begin)

    def opening(self) -> bytes:
        """The subscribe to send first on a new connection."""
        wanted = self.wanted
        if self.source is not None and self.source in self._known:
            wanted = structs.replace(
                wanted, since_seq=self.known_seq, source=self.source, since=self._since()
            )
        elif self._greeted and wanted.since_seq is None:
            # Connected before, to a producer that had said nothing: all that it says is new.
            wanted = structs.replace(wanted, since_seq=0)
        self._asked_since = wanted.since_seq
        return control_frame(wanted).data

    def _since(self) -> dict[str, int]:
        """How far each source is known: of those that turned up last, if they are many."""
        since: dict[str, int] = {}
        room = _SINCE_BYTES
        for source in (self.source or "", *reversed(self._known)):
            room -= len(source.encode("utf-8", "replace")) + 24
            if room < 0 or len(since) >= _MOST_SINCE:
                break
            since.setdefault(source, self._known.get(source, 0))
        return since

    def receive(self, frame: str | bytes) -> list[Received]:
        """What a message of the server's means. Never raises; what is no frame is `NotUnderstood`."""
        try:
            head = _frame.decode(frame)
            return self._by_type.get(head.type, self._plain)(frame, head)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return [NotUnderstood(f"not a frame of the feed: {one_line(error)}")]

    def _plain(self, frame: str | bytes, head: ServerFrame) -> list[Received]:
        """A frame without a known type: one event, or nothing that this version knows."""
        if head.event_type is UNSET:
            return [NotUnderstood(f"unknown frame type {one_line(head.type)!r}")]
        return self._events([frame.encode() if isinstance(frame, str) else frame])

    def _hello(self, hello: Hello) -> list[Received]:
        first = not self._greeted
        received: list[Received] = [HelloReceived(hello, first=first)]
        if first and hello.protocol != PROTOCOL:
            told = f"the feed speaks {one_line(hello.protocol)}, and this reads {PROTOCOL}"
            received.append(NotUnderstood(f"{told}: there may be more in it than is shown"))
        self._greeted = True
        self._past = dict(self._known)
        if hello.source is None:
            self._source_open = True
            return received
        self._source_open = False
        self._begins(hello.source, hello.start_seq)
        if hello.starts:
            self._doubtful = {one for one, seq in hello.starts.items() if seq <= self._known.get(one, 0)}
        elif hello.source == self.source and hello.next_seq <= self.known_seq:
            received += self._adopt(hello.source, restarted=True)
        if self.source in hello.starts or hello.source in self._known:
            self.source = hello.source  # both are producers of this feed
        received += self._adopt(hello.source)
        for source, start_seq in (hello.starts or {hello.source: hello.start_seq}).items():
            if first and self._asked_since == 0:
                self._begins_of[source] = start_seq
            if source not in self._known:
                # Asked for no history, knowing begins where the server begins; else with the first event.
                self._know(source, start_seq - 1 if self._asked_since is None else 0)
        return received

    def _told_states(self, told: StatesFrame) -> list[Received]:
        lines = [bytes(raw) for raw in told.states]
        read = list(zip(lines, map(_decoded, lines), strict=True))
        fresh = [
            (line, event) for line, event in read if isinstance(event, Event) and not self._is_past(event)
        ]
        wrong: list[Received] = [
            NotUnderstood(f"a state that is none: {one_line(event)}")
            for _, event in read
            if isinstance(event, BrokenLineError)
        ]
        if not fresh:
            return wrong
        return [StatesReceived(tuple(line for line, _ in fresh), tuple(one for _, one in fresh)), *wrong]

    def _is_past(self, event: Event) -> bool:
        """Whether this client had it, or a later one, before the server greeted."""
        return event.seq is not None and event.seq <= self._past.get(event.source or "", 0)

    def _know(self, source: str, seq: int) -> None:
        """Seqs up to here are dealt with."""
        if source not in self._known and len(self._known) >= MOST_SOURCES:
            oldest = next(one for one in self._known if one != self.source)
            del self._known[oldest]
            self._ended.discard(oldest)
        self._known[source] = seq

    def _adopt(self, source: str, *, restarted: bool = False) -> list[Received]:
        """Make `source` the current one; tells it when that is a change."""
        old = self.source
        if old == source and not restarted:
            return []
        self.source = source
        if old is None:
            return []
        changed = SourceChanged(old, source, self._known.get(old, 0), old in self._ended)
        if old == source:
            del self._known[old]
        self._ended.discard(old)
        return [changed]

    def _named_at_last(self, source: str, seq: int) -> list[Received]:
        """The first that is heard of any producer, after a hello that named none."""
        if not self._source_open and self.source is not None:
            return []
        self._source_open = False
        self._begins(source, seq)
        if source in self._past:
            self.source = source  # it was there before, beside another one
        return self._adopt(source)

    def _begins(self, source: str, seq: int) -> None:
        """The first source of all can be had from `seq` on."""
        if self._begin is None:
            self._begin, self._begun_by = seq, source

    def _told_gap(self, gap: Gap) -> list[Received]:
        source, news = gap.source or self.source, list[Received]()
        if source is not None:
            news = self._named_at_last(source, gap.from_seq)
            self._begins(source, gap.from_seq)
        # What is neither here nor in the gap did not match; without a filter it is missing as well.
        unseen = self.wanted.filtered or (not self._known.get(source or "") and self._asked_since != 0)
        return [*news, *self._gap(source, gap.from_seq if unseen else 0, gap.to_seq)]

    def _gap(self, source: str | None, from_seq: int, to_seq: int) -> list[Received]:
        """A gap as far as it is news; what came before this client apart from what is lost."""
        known = self._known.get(source or "", 0)
        from_seq = max(from_seq, known + 1)
        if to_seq < from_seq:
            return []
        self._know(source or "", to_seq)
        begin = (self._begin or 0) if source == self._begun_by else self._begins_of.get(source or "", 0)
        told: list[Received] = []
        if from_seq < begin:
            told.append(GapReceived(source, from_seq, min(to_seq, begin - 1), before=True))
        if to_seq >= begin:
            told.append(GapReceived(source, max(from_seq, begin), to_seq))
        return told

    def _events(self, lines: list[bytes]) -> list[Received]:
        received: list[Received] = []
        run_of_lines: list[bytes] = []
        run: list[Event] = []

        def hand_on(*then: Received) -> None:
            if run:
                received.append(EventsReceived(tuple(run_of_lines), tuple(run)))
                run_of_lines.clear()
                run.clear()
            received.extend(then)

        for line, event in zip(lines, decode_lines(lines) or map(_decoded, lines), strict=True):
            if isinstance(event, BrokenLineError):
                hand_on(NotUnderstood(f"an event that is none: {one_line(event)}"))
                continue
            if event.source is not None and event.seq is not None:
                news = self._number(event, event.source, event.seq)
                if news is None:
                    continue
                if news:
                    hand_on(*news)
            run_of_lines.append(line)
            run.append(event)
        hand_on()
        return received

    def _number(self, event: Event, source: str, seq: int) -> list[Received] | None:
        """What is to be told before this event; None when it was seen already."""
        news = self._named_at_last(source, seq)
        known = self._known.get(source)
        if known is not None and seq <= known and self._begins_again(event, source):
            self.source = source
            news += self._adopt(source, restarted=True)
            known = 0
        if known is None:
            known = seq - 1 if self._asked_since is None else 0
        if seq <= known:
            return None
        self._latest[source] = event.timestamp
        if seq > known + 1 and not self.wanted.filtered:
            news += self._gap(source, known + 1, seq - 1)
        self._know(source, seq)
        if event.event_type == SYSTEM and event.message_type == RECORDING_ENDED:
            self._ended.add(source)
        return news

    def _begins_again(self, event: Event, source: str) -> bool:
        """Whether a source that counts from the beginning is another run of the same name.

        A server may be behind the one before: then it tells what is known, and nothing later than that.
        """
        if source not in self._doubtful or event.timestamp <= self._latest.get(source, math.inf):
            return False
        self._doubtful.discard(source)
        return True


def _decoded(line: bytes) -> Event | BrokenLineError:
    """The event of a line, or why it is none."""
    try:
        return decode_line(line)
    except BrokenLineError as error:
        return error
