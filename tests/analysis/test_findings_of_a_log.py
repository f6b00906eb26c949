"""What is missing from a log is said, and what the program called an error; nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.analysis.findings import KEPT, Finding, Findings
from debugger.log import EventLog
from debugger.sources.file import open_recordings
from tests.support.examples import tried

SAMPLES = Path(__file__).parents[2] / "sample_logs"


def line(seq: int, **more: Any) -> bytes:
    fields = {"timestamp": float(seq), "event_type": "system", "component": "a", "source": "p", "seq": seq}
    return json.dumps(
        fields | {"id": f"p-{seq}", "cause": f"p-{seq - 1}" if seq > 1 else None} | more
    ).encode()


def log_of(lines: list[bytes]) -> EventLog:
    log = EventLog()
    log.append_many(lines, [decode_line(one) for one in lines])
    return log


def found(log: EventLog, *, live: bool = False) -> tuple[Finding, ...]:
    findings = Findings(log, live=live)
    while not findings.complete:
        findings.advance(lambda: 0, 0)
    return findings.all()


def test_a_whole_recording_without_errors_has_no_findings() -> None:
    """Those of this project, as they were recorded; of the one with a failing model, only that."""
    for path in sorted(SAMPLES.glob("*.jsonl")):
        log = EventLog()
        open_recordings([path]).load_all(log)
        rules = [finding.rule for finding in found(log)]
        assert rules == (["error"] if path.name == "llm_error.jsonl" else []), path.name


def test_holes_torn_ends_and_unknown_causes_are_named(tmp_path: Path) -> None:
    """Each with where to look, as far as there is a place."""
    path = tmp_path / "torn.jsonl"
    lines = [line(1, message_type="RECORDING_STARTED"), line(2), line(5, cause="p-4"), b"not JSON"]
    path.write_bytes(b"\n".join(lines) + b'\n{"timest')
    log = EventLog()
    open_recordings([path]).load_all(log)
    told = {finding.rule: finding for finding in found(log)}
    assert set(told) == {"seq-gap", "broken-line", "torn-tail", "unknown-cause", "no-end"}
    assert {finding.verdict for finding in told.values()} == {"integrity"}
    assert told["seq-gap"].message == "2 events of p are missing"
    assert told["broken-line"].message.startswith(f"{path}:4 was skipped")
    assert told["unknown-cause"].row == 2
    assert f"{path}:5" in told["torn-tail"].message


def test_a_live_log_need_not_have_an_end() -> None:
    """It is still going on."""
    log = log_of([line(1, message_type="RECORDING_STARTED"), line(2)])
    assert [finding.rule for finding in found(log)] == ["no-end"]
    assert found(log, live=True) == ()


def test_a_gap_names_what_is_lost_and_where() -> None:
    """As the feed told it."""
    log = log_of([line(1), line(2)])
    log.append_gap("p", 3, 9, "the feed could not keep them")
    (gap,) = found(log, live=True)
    assert gap.message == "events 3 to 9 of p are lost"
    assert gap.why == "the feed could not keep them"
    assert gap.row == 2


def test_a_base_format_log_says_that_causes_are_not_recorded() -> None:
    """So nobody takes its silence for order."""
    base = json.dumps({"timestamp": 1.0, "event_type": "message_published", "component": "a"}).encode()
    assert [finding.rule for finding in found(log_of([base, base]))] == ["no-causes"]


def test_a_million_errors_are_counted_and_the_first_of_them_kept() -> None:
    """The rest is a number, and how to see them."""
    log = log_of([line(seq, severity="error") for seq in range(1, KEPT + 6)])
    told = [finding for finding in found(log) if finding.rule == "error"]
    assert len(told) == KEPT + 1
    assert told[-1].message == "5 more errors"


@tried(40)
@given(pieces=st.lists(st.integers(1, 9), max_size=12))
def test_what_is_found_does_not_depend_on_how_the_log_came(pieces: list[int]) -> None:
    """Piece by piece as all at once."""
    lines = [
        line(
            seq,
            severity="error" if seq % 5 == 0 else "info",
            event_type="error" if seq % 7 == 0 else "system",
        )
        for seq in range(1, sum(pieces) + 1)
    ]
    log = EventLog()
    findings = Findings(log)
    at = 0
    for piece in pieces:
        some = lines[at : at + piece]
        at += piece
        log.append_many(some, [decode_line(one) for one in some])
        findings.advance(lambda: 0, 0)
        findings.all()
    while not findings.complete:
        findings.advance(lambda: 0, 0)
    assert findings.all() == found(log_of(lines) if lines else EventLog())
