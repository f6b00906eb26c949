"""``doubletalk replay A B --diff`` without a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.analysis.altered import lines_of, place_of, swapped, without
from tests.cli.command import ROOT, call, told

GOOD = ROOT / "sample_logs" / "three_turns.jsonl"
BAD = ROOT / "sample_logs" / "barge_in.jsonl"


def write(path: Path, lines: list[bytes] | tuple[bytes, ...]) -> str:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def test_equal_recordings_end_with_0(tmp_path: Path) -> None:
    """And say so."""
    run = call("replay", str(GOOD), str(GOOD), "--diff")
    assert (run.returncode, run.stderr) == (0, "")
    assert "no difference in structure" in run.stdout.splitlines()
    assert "5 of 5 turns equal in structure" in run.stdout


def test_the_first_divergence_is_told_first(tmp_path: Path) -> None:
    """Both rows with seq, component and message, and what led there; then the turn; exit 1."""
    lines = lines_of(1)
    chosen = place_of(lines, "message_published", "PROCESS_USER_INPUT", session_id="s1", turn=2)
    paths = write(tmp_path / "good.jsonl", lines), write(tmp_path / "bad.jsonl", without(lines, chosen))
    run = call("replay", *paths, "--diff")
    assert run.returncode == 1
    _, _, after = run.stdout.partition("first divergence: missing in turn 2 of s1\n")
    first, a, b, way, *_ = after.splitlines()
    assert first == "  only in a: overseer sends PROCESS_USER_INPUT"
    assert f"#{chosen + 1} " in a
    assert a.endswith("overseer sends PROCESS_USER_INPUT")
    assert b == "  b  -"
    assert way.endswith("user_session sends COMPLETE_TRANSCRIPT ▸ overseer gets COMPLETE_TRANSCRIPT")
    assert "\nturn 2 of s1: " in after
    assert "  - missing " in after


def test_deliveries_in_the_other_order_are_told_as_such(tmp_path: Path) -> None:
    """With the pair, and neither is called missing."""
    lines = lines_of(2, 3, 1)
    places = sorted(
        place_of(lines, "message_received", name, component="text_queue_manager")
        for name in ("TEXT_CHUNK", "REQUEST_NEXT_CHUNK")
    )
    paths = write(tmp_path / "good.jsonl", lines), write(tmp_path / "bad.jsonl", swapped(lines, *places))
    run = call("replay", *paths, "--diff")
    assert run.returncode == 1
    assert "first divergence: order in turn 1 of s1" in run.stdout
    assert "  ↕ order " in run.stdout
    assert " missing " not in run.stdout


def test_json_is_one_object_of_the_named_schema() -> None:
    """For programs; the same exit code."""
    run = call("replay", str(GOOD), str(BAD), "--diff", "--format", "json")
    assert run.returncode == 1
    report = json.loads(run.stdout)
    assert report["schema"] == "doubletalk.diff/1"
    assert report["equal"] is False
    assert [turn["number"] for turn in report["turns"] if turn["number"]] == [1, 2, 3]
    assert report["turns"][-1]["status"] == "only_a"
    payload = {
        (value["field"], value["a"], value["b"])
        for turn in report["turns"]
        for value in turn["values"]
        if value["kind"] == "payload"
    }
    assert ("event", "stream_finished", "stream_cancelled") in payload
    assert ("interrupted", False, True) in payload


def test_hostile_names_are_printed_harmless(tmp_path: Path) -> None:
    """No control character of a log reaches the terminal."""
    line = json.dumps(
        {"timestamp": 1.0, "event_type": "system", "component": "a\x1b[31m\u202eb", "message_type": "M\nN"}
    )
    run = call(
        "replay",
        write(tmp_path / "a.jsonl", [line.encode()] * 2),
        write(tmp_path / "b.jsonl", [line.encode()]),
        "--diff",
    )
    assert run.returncode == 1
    assert "\x1b" not in run.stdout
    assert "\u202e" not in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((str(GOOD), "--diff"), "compares two recordings, not 1"),
        ((str(GOOD), str(GOOD), str(GOOD), "--diff"), "compares two recordings, not 3"),
        ((str(GOOD), str(BAD), "--diff", "--format", "xml"), "--format 'xml' is none"),
        ((str(GOOD), str(BAD), "--format", "json"), "--format is of --diff"),
        ((str(GOOD), "none.jsonl", "--diff"), "none.jsonl: no such file"),
        (("-", "-", "--diff"), "standard input can be only one"),
    ],
)
def test_what_cannot_be_compared_ends_with_2_and_one_line(arguments: tuple[str, ...], words: str) -> None:
    """Which says what to do."""
    run = call("replay", *arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    assert words in told(run)


def test_what_is_missing_from_a_recording_is_said(tmp_path: Path) -> None:
    """An empty one, and one with a broken line."""
    lines = list(lines_of(1))
    paths = (
        write(tmp_path / "a.jsonl", lines),
        write(tmp_path / "b.jsonl", [*lines[:9], b"{torn", *lines[9:]]),
    )
    run = call("replay", *paths, "--diff")
    assert run.returncode == 0
    assert "not compared: " in run.stdout
    assert "1 broken or torn lines are not compared" in run.stdout
    run = call("replay", paths[0], write(tmp_path / "c.jsonl", []), "--diff")
    assert run.returncode == 1
    assert "c.jsonl: no events" in run.stdout
