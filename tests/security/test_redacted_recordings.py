"""A recording that was redacted is judged as the whole one is: nothing of its causality is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from backend.events import decode_line, encode_lines, members_of
from backend.tap.redaction import Redaction, Redactor
from backend.tap.stamped import Stamped
from debugger.checking.one import Asked, Judged, judge_one

TODAY = dt.date(2026, 1, 1)
ROOT = Path(__file__).parents[2]
# A bug in what is said, in what is remembered, in who speaks; and a day without any.
RECORDINGS = (
    "docs/races/lost-update.jsonl",
    "docs/races/stale-worker-chunk.jsonl",
    "docs/races/stale-agent-config.jsonl",
    "docs/races/handler-failed.jsonl",
    "sample_logs/barge_in.jsonl",
)
# All that people say and what is known of them, beside what is built in.
HARSH = Redaction(
    keys=("text", "data.user_input", "data.prompt", "error_message", "facts", "preferences", "user_id"),
    patterns={"sentence": "[A-Z][a-z ,']+[.!?]", "voice": "voice-[a-z]+"},
    words=("the", "a", "please"),
    distinct=True,
)


def stamped(line: bytes) -> Stamped:
    """An event of a recording as the tap had it before it encoded it."""
    event = decode_line(line)
    scope = {"session_id": event.session_id, "user_id": event.user_id, "turn": event.turn}
    scope |= {"correlation_id": event.correlation_id, "worker_id": event.worker_id}
    made = {"source": event.source, "severity": event.severity, "reads": event.reads, "writes": event.writes}
    plain = {
        name: getattr(event, name)
        for name in Stamped.__struct_fields__
        if name not in {"session_id", "source"}
    }
    return Stamped(**plain, session_id=members_of(scope), source=members_of(made))


def redacted(path: Path, redaction: Redaction) -> Iterator[Stamped]:
    events = [stamped(line) for line in path.read_bytes().splitlines()]
    Redactor(redaction).events(events)
    yield from events


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_findings_are_the_same(name: str, tmp_path: Path) -> None:
    """Rule, severity, components, turn and events of each; and no word of what was said is left."""
    whole, without = ROOT / name, tmp_path / "redacted.jsonl"
    events = list(redacted(whole, HARSH))
    without.write_bytes(encode_lines(events))
    told, again = (judge_one(Asked((str(path),), TODAY)) for path in (whole, without))
    assert (again.error, again.input.events) == ("", told.input.events)
    assert _found(again) == _found(told)
    assert b"[redacted:key:" in without.read_bytes()
    assert b'"redacted":' in without.read_bytes()


def _found(judged: Judged) -> list[tuple[object, ...]]:
    return [
        (one.rule, one.severity, one.turn, one.components, tuple(place.id for place in one.places), one.times)
        for one in judged.findings
    ]


def test_only_what_is_redacted_differs() -> None:
    """Ids, order, clocks, causes, tasks, correlations, reads and writes are those of the whole recording."""
    path = ROOT / RECORDINGS[0]
    kept = (
        *("id", "seq", "cause", "task", "session_id", "correlation_id", "turn", "worker_id", "source"),
        *(
            "mono_ns",
            "timestamp_ns",
            "reads",
            "writes",
            "event_type",
            "message_type",
            "component",
            "severity",
        ),
    )
    for line, event in zip(path.read_bytes().splitlines(), redacted(path, HARSH), strict=True):
        before, after = msgspec.json.decode(line), msgspec.json.decode(msgspec.json.encode(event))
        assert [after[name] for name in kept] == [before[name] for name in kept]
