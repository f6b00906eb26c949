"""Spoilt recordings: what can be judged is, the rest is said, and nothing is passed over in silence."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft7Validator

from debugger.checking import Asked, Judged, judge_one, report_of
from debugger.report import FORMATS, markdown, render
from tests.check.spoilt import CHANGES_NOTHING, HARMFUL, JUDGED_IN_PART, NO_RECORDING, RACE, text_of
from tests.cli.command import call
from tests.report.schemas import sarif_schema

TODAY = dt.date(2026, 1, 1)


def judged(*paths: Path) -> Judged:
    return judge_one(Asked(tuple(map(str, paths)), TODAY))


def violations(of: Judged) -> list[tuple[object, ...]]:
    assert not of.error
    found = [one for one in of.findings if one.verdict == "violation"]
    return sorted((one.rule, str(one.session_id), str(one.turn), one.message, one.times) for one in found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    path = tmp_path_factory.mktemp("whole") / "race.jsonl"
    path.write_bytes(text_of(RACE))
    return judged(path)


@pytest.mark.parametrize("name", CHANGES_NOTHING)
def test_what_does_not_matter_changes_no_violation(name: str, whole: Judged, tmp_path: Path) -> None:
    """None is missed, and none is seen where there is none: no order is taken from clocks or lines."""
    path = tmp_path / "spoilt.jsonl"
    path.write_bytes(CHANGES_NOTHING[name](RACE))
    assert violations(whole)
    assert violations(judged(path)) == violations(whole)


@pytest.mark.parametrize("name", JUDGED_IN_PART)
def test_what_is_missing_is_said(name: str, whole: Judged, tmp_path: Path) -> None:
    """By its rule, as integrity; and no violation is seen that the whole recording does not have."""
    spoil, rule = JUDGED_IN_PART[name]
    path = tmp_path / "spoilt"
    path.write_bytes(spoil(RACE))
    found = judged(path)
    assert rule in {one.rule for one in found.findings if one.verdict == "integrity"}
    known = Counter(one[0] for one in violations(whole))
    assert not Counter(one[0] for one in violations(found)) - known


@pytest.mark.parametrize("name", NO_RECORDING)
def test_what_is_no_recording_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    """Whatever it is, and however much of it."""
    path = tmp_path / "none"
    path.write_bytes(NO_RECORDING[name])
    found = judged(path)
    assert found.error.startswith(f"{path}: ")
    assert "\n" not in found.error
    assert len(found.error) < 500 + len(str(path))
    assert not found.notices


def test_what_is_no_recording_ends_the_command_with_two(tmp_path: Path) -> None:
    """One line, nothing on stdout, no traceback."""
    for number, text in enumerate(NO_RECORDING.values()):
        (tmp_path / f"{number}.jsonl").write_bytes(text)
    run = call("check", str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    lines = run.stderr.splitlines()
    assert len(lines) == len(NO_RECORDING)
    assert all(line.startswith("doubletalk: ") for line in lines)


# --- several files ---------------------------------------------------------------------------


def test_one_session_in_two_files_is_whole_again_only_together(whole: Judged, tmp_path: Path) -> None:
    """Apart, each says what it lacks, and neither sees what is not there."""
    half = len(RACE) // 2
    paths = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for path, lines in zip(paths, (RACE[:half], RACE[half:]), strict=True):
        path.write_bytes(text_of(lines))
    assert violations(judged(*paths)) == violations(whole)
    apart = [judged(path) for path in paths]
    rules = [{one.rule for one in found.findings if one.verdict == "integrity"} for found in apart]
    assert "no-end" in rules[0]
    assert "unknown-cause" in rules[1]
    assert {one[0] for found in apart for one in violations(found)} <= {one[0] for one in violations(whole)}


def test_two_recordings_of_one_session_are_judged_as_one(whole: Judged, tmp_path: Path) -> None:
    """Two recorders, the second of which began later and stopped earlier: each event counts once."""
    paths = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    paths[0].write_bytes(text_of(RACE))
    paths[1].write_bytes(text_of(RACE[50:-50]))
    found = judged(*paths)
    assert violations(found) == violations(whole)
    (again,) = [one for one in found.findings if one.rule == "repeated-events"]
    assert f"{len(RACE) - 100:,} events are there a second time" in again.message


def test_a_folder_of_very_many_recordings_is_judged(tmp_path: Path) -> None:
    """A report of all, in the order of their names; rules are not read for each."""
    count = 40
    for number in range(count):
        (tmp_path / f"{number:04}.jsonl").write_bytes(text_of(RACE[:3]))
    run = call("check", "--format", "json", str(tmp_path))
    assert run.returncode == 0
    inputs = json.loads(run.stdout)["inputs"]
    assert [one["path"] for one in inputs] == sorted(str(path) for path in tmp_path.iterdir())


# --- very many findings ------------------------------------------------------------------------


def test_very_many_findings_are_folded_counted_and_capped(tmp_path: Path) -> None:
    """Three thousand of them: the number is told, the report can be read, and JSON has a bound too."""
    path = tmp_path / "many.jsonl"
    with path.open("w") as file:
        for number in range(6_000):
            session, turn = f"s{number % 10}", number // 20
            data = {"worker_id": f"{session}-w{turn}", "played": 1}
            file.write(
                json.dumps(
                    {
                        "timestamp": 1e9 + number,
                        "event_type": "message_published",
                        "component": "audio_output",
                        "message_type": "AUDIO_OUTPUT_COMPLETE",
                        "session_id": session,
                        "direction": "publish",
                        "turn": turn,
                        "data": data,
                        "id": f"a-{number + 1}",
                        "source": "a",
                        "seq": number + 1,
                        "task": "a/t1",
                    }
                )
                + "\n"
            )
    report = report_of([judged(path)], "error", 0)
    assert len(report.findings) <= 1_010
    counted = sum(one.times for one in report.findings) + report.not_shown
    assert report.failing
    shown = render(report, "text")
    assert shown.count("duplicate-completion [violation]") <= 100
    assert "more findings of duplicate-completion" in " ".join(one.message for one in report.findings)
    assert counted >= 1_000
    assert len(render(report, "json")) < 2_000_000


# --- harm ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HARMFUL)
def test_no_form_of_a_report_does_harm(name: str, tmp_path: Path) -> None:
    """No escape for terminals, valid XML and SARIF, a line of ours each for GitHub, and an end to each."""
    path = tmp_path / "harmful.jsonl"
    path.write_bytes(HARMFUL[name](RACE))
    report = report_of([judged(path)], "error", 0)
    for written in (*(render(report, form) for form in FORMATS), markdown(report)):
        written.encode()
        assert not [char for char in written if char != "\n" and not char.isprintable()]
        assert len(written) < 10_000_000
    ET.fromstring(render(report, "junit"))  # noqa: S314 - our own
    Draft7Validator(sarif_schema()).validate(json.loads(render(report, "sarif")))
    json.loads(render(report, "gitlab"))
    assert all(
        line.startswith(("::error ", "::warning ", "::notice "))
        for line in render(report, "github").splitlines()
    )
    assert len(render(report, "github").splitlines()) == len(report.listed)
