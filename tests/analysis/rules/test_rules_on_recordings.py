"""The built-in rules on conversations that were recorded: right ones, wrong ones, and their repair."""

from __future__ import annotations

from pathlib import Path

import pytest
from rule_logs import ROOT, found, log_of, opened, said

from backend.events import decode_line
from debugger.log import EventLog
from tests.support.voicelog import base_lines, voice_lines, voice_log

SAMPLES = sorted((ROOT / "sample_logs").glob("*.jsonl"))
RACES = ROOT / "docs" / "races"
BROKEN = [path for path in sorted(RACES.glob("*.jsonl")) if path.stem != "lost-update"]
FIXED = sorted((RACES / "fixed").glob("*.jsonl*"))
LATENT = sorted((RACES / "latent").glob("*.jsonl*"))
PREDICTED = {"worker-overlap", "out-of-order-chunks", "text-before-ready"}
"""Of the latent ones those whose log is sure to show that nothing orders the two."""


def name_of(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".jsonl")


@pytest.mark.parametrize("path", [*SAMPLES, *FIXED], ids=name_of)
def test_a_conversation_that_went_well_has_no_findings(path: Path) -> None:
    """Nor anything that is pending, or could not be judged."""
    assert found(opened(path)) == []


@pytest.mark.parametrize("path", BROKEN, ids=name_of)
def test_a_race_that_shows_is_a_violation_of_its_rule(path: Path) -> None:
    """Whatever else follows from it is told too."""
    rule = name_of(path).removesuffix("-cleanup")
    of_rule = [one for one in found(opened(path)) if one.rule == rule]
    assert [one.verdict for one in of_rule] == ["violation"]
    (finding,) = of_rule
    assert finding.severity == "error"
    assert finding.why
    assert finding.fix
    assert finding.session_id == "s1"
    assert finding.row in finding.rows
    assert finding.components
    assert "?" not in finding.message
    assert "{" not in finding.message


@pytest.mark.parametrize("path", [*SAMPLES, *BROKEN, *FIXED], ids=name_of)
def test_the_ten_fields_of_the_base_format_are_enough(path: Path) -> None:
    """The same violations of the same rules; nothing is predicted where no order is recorded."""
    full = opened(path)
    lines = base_lines(decode_line(full.raw(row)) for row in range(len(full))).splitlines()
    base = EventLog()
    base.append_many(lines, [decode_line(line) for line in lines])
    assert said(base) == said(full)


@pytest.mark.parametrize("path", LATENT, ids=name_of)
def test_a_race_that_did_not_show_is_predicted_at_most(path: Path) -> None:
    """Where the log tells that nothing orders the two steps, that is said."""
    told = said(opened(path))
    assert {verdict for _, verdict in told} <= {"predicted"}
    assert name_of(path) not in PREDICTED or (name_of(path), "predicted") in told


@pytest.mark.parametrize("seed", range(4))
def test_the_model_of_the_assistant_breaks_no_rule(seed: int) -> None:
    """In the format with causes, and in the base format."""
    events = voice_log(seed, turns=4)
    log, base = EventLog(), EventLog()
    lines = voice_lines(seed, turns=4).splitlines()
    log.append_many(lines, events)
    told = [one for one in found(log) if one.verdict == "violation"]
    assert told == []
    lines = base_lines(events).splitlines()
    base.append_many(lines, [decode_line(line) for line in lines])
    assert [one for one in found(base) if one.verdict == "violation"] == []


def test_an_empty_log_has_no_findings() -> None:
    """And one of rows that no rule knows neither."""
    assert found(EventLog()) == []
    assert found(log_of([{"event_type": "x", "component": "y"}])) == []
