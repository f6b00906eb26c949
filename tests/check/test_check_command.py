"""`doubletalk check` as CI calls it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.check.lost_update import record
from tests.cli.command import CLI, ROOT, call, told

CLEAN = str(ROOT / "sample_logs" / "barge_in.jsonl")


@pytest.fixture(scope="module")
def racy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("racy") / "racy.jsonl", locked=False)


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("mended") / "mended.jsonl", locked=True)


def report(*arguments: str) -> tuple[int, dict[str, object]]:
    run = call("check", "--format", "json", *arguments)
    return run.returncode, json.loads(run.stdout)


def rules_of(content: dict[str, object]) -> list[str]:
    findings = content["findings"]
    assert isinstance(findings, list)
    return [one["rule"] for one in findings if one["severity"] == "error"]


# --- what it says, and how it ends ---------------------------------------------------------


def test_a_lost_update_fails_with_both_writes_and_a_fix(racy: Path) -> None:
    """The line of the write that undoes the other comes first, as editors want it."""
    run = call("check", str(racy))
    assert run.returncode == 1
    assert re.match(rf"{re.escape(str(racy))}:\d+: error: lost-update \[violation\]\n", run.stdout)
    assert run.stdout.count("account changes its state") == 2
    assert "hold one lock" in run.stdout
    assert re.search(r"^1 error.* in \d+ events of 1 recording", run.stdout, re.MULTILINE)


def test_the_mended_program_passes(mended: Path) -> None:
    """The lock orders nothing, but it keeps the two apart."""
    run = call("check", str(mended))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("nothing found in ")


def test_a_real_conversation_has_no_violation() -> None:
    """What nothing orders is told as predicted, and fails only where it is asked to."""
    code, content = report(CLEAN)
    assert code == 0
    assert rules_of(content) == []
    assert call("check", "--fail-on", "info", CLEAN).returncode == 1
    assert call("check", "--fail-on", "never", CLEAN).returncode == 0


def test_many_recordings_are_judged_side_by_side_in_the_order_named(
    racy: Path, mended: Path, tmp_path: Path
) -> None:
    """Folders, patterns and files; each once; the same with one process as with two."""
    for number in range(3):
        (tmp_path / f"{number}.jsonl").write_bytes((racy if number == 1 else mended).read_bytes())
    pattern = str(tmp_path / "*.jsonl")
    code, content = report(str(racy), str(tmp_path), pattern, "--jobs", "2")
    one_by_one = report(str(racy), str(tmp_path), pattern, "--jobs", "1")[1]
    inputs = content["inputs"]
    assert isinstance(inputs, list)
    assert [one["path"] for one in inputs] == [str(racy), *(str(tmp_path / f"{n}.jsonl") for n in range(3))]
    assert (code, rules_of(content)) == (1, ["lost-update"] * 2)
    assert content["findings"] == one_by_one["findings"]


def test_stdin_is_a_recording(racy: Path) -> None:
    """Named ``-``."""
    run = subprocess.run([*CLI, "check", "-"], input=racy.read_bytes(), capture_output=True, check=False)
    assert run.returncode == 1
    assert b"-:" in run.stdout.splitlines()[0]


def test_one_story_in_two_files_is_judged_as_one(racy: Path, tmp_path: Path) -> None:
    """Cut between the two writes, neither half shows the lost update by itself."""
    lines = racy.read_bytes().splitlines(keepends=True)
    writes = [number for number, line in enumerate(lines) if b'"state_change"' in line]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines[: writes[-1]]))
    (tmp_path / "b.jsonl").write_bytes(b"".join(lines[writes[-1] :]))
    assert "lost-update" not in rules_of(report(str(tmp_path))[1])
    assert rules_of(report("--together", str(tmp_path))[1]) == ["lost-update"]


# --- forms -----------------------------------------------------------------------------------


def test_each_form_is_what_its_reader_expects(racy: Path, tmp_path: Path) -> None:
    """To a file with --output; GitHub's summary where the runner wants it."""
    for form in ("junit", "sarif", "gitlab"):
        out = tmp_path / form
        assert call("check", "--format", form, "--output", str(out), str(racy)).returncode == 1
    root = ET.parse(tmp_path / "junit").getroot()  # noqa: S314 - our own
    assert root.get("failures") == "1"
    sarif = json.loads((tmp_path / "sarif").read_bytes())
    (flow,) = sarif["runs"][0]["results"][0]["codeFlows"]
    assert len(flow["threadFlows"]) == 2  # two activations
    assert json.loads((tmp_path / "gitlab").read_bytes())[0]["check_name"] == "lost-update"
    summary = tmp_path / "summary.md"
    run = call(
        "check", "--format", "github", str(racy), env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}
    )
    assert run.stdout.startswith("::error file=")
    assert "lost\\-update" in summary.read_text()


# --- rules, baselines --------------------------------------------------------------------------


def test_a_rule_is_explained() -> None:
    """And one that is not there is answered with the nearest."""
    run = call("check", "--explain", "stale-worker-chunk")
    assert run.returncode == 0
    assert run.stdout.startswith("stale-worker-chunk: ")
    run = call("check", "--explain", "stale-worker-chunks")
    assert run.returncode == 2
    assert told(run).endswith("did you mean 'stale-worker-chunk'?")


def test_what_is_in_the_baseline_does_not_fail_and_what_is_new_does(racy: Path, tmp_path: Path) -> None:
    """A program that is not right yet is held to get no worse."""
    baseline = tmp_path / "baseline.json"
    call("check", "--write-baseline", str(baseline), str(racy))
    run = call("check", "--baseline", str(baseline), str(racy))
    assert run.returncode == 0
    assert "1 accepted" in run.stdout
    assert call("check", "--baseline", str(baseline), str(racy), str(racy.parent)).returncode == 0
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(racy.read_bytes())
    assert call("check", "--baseline", str(baseline), str(racy), str(copy)).returncode == 1


def test_a_mistake_in_a_rules_file_is_told_where_it_is(racy: Path, tmp_path: Path) -> None:
    """Line, column, and what was perhaps meant; nothing is checked."""
    rules = tmp_path / "rules.toml"
    rules.write_text('schema = "doubletalk.rules/1"\n\n[override.stale-worker-chunks]\nseverity = "info"\n')
    run = call("check", "--rules", str(rules), str(racy))
    assert (run.returncode, run.stdout) == (2, "")
    assert told(run).startswith(f"doubletalk: {rules}:3:")
    assert "did you mean 'stale-worker-chunk'" in told(run)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "name a recording"),
        (["{tmp}/none.jsonl"], "none.jsonl"),
        (["{tmp}/*.nothing"], "no file matches this pattern"),
        (["{tmp}"], "no recordings in this folder"),
        (["--watch", "-"], "--watch cannot look at stdin"),
        (["--baseline", "{tmp}/none.json", CLEAN], "--write-baseline makes one"),
        (["--rules", "{tmp}/none.toml", CLEAN], "cannot be read"),
        (["--output", "{tmp}/no/such/folder", CLEAN], "cannot be written"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_told_in_one_line(arguments: list[str], expected: str, tmp_path: Path) -> None:
    """What, where, what to do; exit code 2."""
    run = call("check", *(one.replace("{tmp}", str(tmp_path)) for one in arguments))
    assert run.returncode == 2
    assert expected in told(run)


def test_what_cannot_be_read_does_not_hide_the_rest(racy: Path, tmp_path: Path) -> None:
    """The report is of what could be read; the exit code says that not all could."""
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b"no event\n" * 3)
    run = call("check", str(bad), str(racy), "--jobs", "2")
    assert run.returncode == 2
    assert "none of the lines is an event" in told(run)
    assert "lost-update" in run.stdout


def test_broken_lines_and_a_missing_end_are_told(racy: Path, tmp_path: Path) -> None:
    """Never a silent pass: what is not there cannot be judged."""
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(b"{broken\n" + racy.read_bytes()[:-200])
    code, content = report(str(torn))
    rules = [one["rule"] for one in content["findings"]]  # type: ignore[attr-defined]
    assert code in {0, 1}
    assert {"broken-line", "no-end"} <= set(rules)
    inputs = content["inputs"]
    assert isinstance(inputs, list)
    assert inputs[0]["skipped_lines"] >= 1


def test_a_log_of_base_events_says_that_its_causality_is_rebuilt(tmp_path: Path) -> None:
    """Ten fields and no cause."""
    base = tmp_path / "base.jsonl"
    events = [
        {"timestamp": 1.0, "event_type": "message_published", "component": "a", "message_type": "X"},
        {"timestamp": 1.1, "event_type": "message_received", "component": "b", "message_type": "X"},
    ]
    base.write_text("".join(json.dumps(one) + "\n" for one in events))
    inputs = report(str(base))[1]["inputs"]
    assert isinstance(inputs, list)
    assert inputs[0]["causality"] == "rebuilt"


def test_an_empty_recording_is_clean_and_is_told() -> None:
    """0 events, exit code 0."""
    run = subprocess.run([*CLI, "check", "-"], input=b"", capture_output=True, check=False)
    assert run.returncode == 0
    assert b"0 events" in run.stdout


# --- watching ------------------------------------------------------------------------------------


def test_watching_checks_again_when_a_file_is_another_and_ends_on_ctrl_c(
    racy: Path, mended: Path, tmp_path: Path
) -> None:
    """Exit code 130."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(mended.read_bytes())
    command = [*CLI, "check", "--watch", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        try:
            for line in run.stdout:
                if "waiting for changes" in line:
                    break
            path.write_bytes(racy.read_bytes())
            assert any("lost-update" in line for line in iter(run.stdout.readline, ""))
        finally:
            time_out = time.monotonic() + 10
            run.send_signal(signal.SIGINT)
            while run.poll() is None and time.monotonic() < time_out:
                run.stdout.readline()
    assert run.returncode == 130
