"""The books by which kills are judged: a reader that lost, repeated or invented something is found out."""

from __future__ import annotations

from pathlib import Path

from backend.events import Event, encode_event
from backend.wire.client import EventsReceived, GapReceived, SourceChanged
from tests.faults.ledger import Ledger


def test_what_is_there_once_or_named_is_sound() -> None:
    """In any order, with gaps that go on without end."""
    books = Ledger()
    books.came("a", 6, 10)
    books.came("a", 1)
    books.came("a", 2, 3)
    books.gap("a", 4, 5)
    books.came("b", 1, 2)
    books.gap("b", 3, None)
    verdict = books.verdict({"a": 10, "b": 50})
    assert verdict.sound
    assert str(verdict) == "60 emitted = 10 there once + 50 named by gaps"


def test_what_is_neither_or_twice_or_named_wrongly_is_told_with_its_seqs() -> None:
    """Each of the three, and a source of which nothing is known at all."""
    books = Ledger()
    books.came("a", 1, 4)
    books.came("a", 3)
    books.came("a", 7, 9)
    books.gap("a", 9, 9)
    verdict = books.verdict({"a": 10, "c": 2})
    assert not verdict.sound
    assert str(verdict).splitlines() == [
        "12 emitted = 6 there once + 0 named by gaps",
        "  a: NEITHER 5-6, 10 (3 events)",
        "  a: TWICE 3 (1 events)",
        "  a: WRONGLY 9 (1 events)",
        "  c: NEITHER 1-2 (2 events)",
    ]


def _event(seq: int, **more: object) -> Event:
    return Event(1.0, "system", "x", source="a", seq=seq, id=f"a-{seq}", **more)  # type: ignore[arg-type]


def test_what_a_feed_tells_and_what_a_recording_holds_is_booked_alike(tmp_path: Path) -> None:
    """Events, gaps, the end of a producer that nobody saw end; torn lines are none."""
    told, read = Ledger(), Ledger()
    told.hear(EventsReceived((b"", b""), (_event(1), _event(2))))
    told.hear(GapReceived("a", 3, 4))
    told.hear(SourceChanged("a", "b", 4, ended=False))
    told.hear(SourceChanged("b", "c", 4, ended=True))
    gap = {"source": "a", "from_seq": 3, "to_seq": 4}
    after = {"source": "a", "from_seq": 5, "to_seq": None}
    lines = [encode_event(one) for one in (_event(1), _event(2))]
    lines += [
        encode_event(Event(1.0, "system", "recorder", "GAP", source="r", seq=at, data=data))
        for at, data in enumerate((gap, after), 1)
    ]
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\n".join(lines) + b'\n{"timestamp":1.0,"eve')
    read.read(path)
    assert told.verdict({"a": 9}) == read.verdict({"a": 9})
    assert str(told.verdict({"a": 9})) == "9 emitted = 2 there once + 7 named by gaps"
