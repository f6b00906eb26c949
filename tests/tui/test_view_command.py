"""`doubletalk replay` and `attach` as commands, without a terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.command import PREPARED
from tests.tui.interface import conversation, write_recording


def doubletalk(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return PREPARED.run(*arguments, stdin=stdin)


def test_without_a_terminal_replay_prints_a_summary(tmp_path: Path) -> None:
    """Counts on stdout; a broken line is named on stderr; exit 0."""
    lines = conversation()
    recording = write_recording(tmp_path / "talk.jsonl", [*lines[:5], b"{torn", *lines[6:]])
    done = doubletalk("replay", str(recording))
    told = dict(line.rsplit(None, 1) for line in done.stdout.decode().splitlines())
    assert told["events"] == str(len(lines) - 1)
    assert told["turns"] == "3"
    assert told["broken lines"] == "1"
    assert told["missing events"] == "1"
    assert b"talk.jsonl:6:" in done.stderr
    assert done.returncode == 0


def test_a_recording_may_come_through_a_pipe() -> None:
    """A dash is standard input."""
    done = doubletalk("replay", "-", stdin=b"\n".join(conversation()))
    assert b"events         47" in done.stdout
    assert done.returncode == 0


def test_files_that_cannot_be_read_are_each_named_once(tmp_path: Path) -> None:
    """One line for each, exit 2."""
    done = doubletalk("replay", str(tmp_path / "none.jsonl"), str(tmp_path))
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("none.jsonl: no such file")
    assert "is a directory" in lines[1]
    assert done.returncode == 2


def test_a_screenshot_is_a_picture_of_the_moment_asked_for(tmp_path: Path) -> None:
    """Headless, of the given size."""
    recording, picture = write_recording(tmp_path / "talk.jsonl", conversation()), tmp_path / "out.svg"
    done = doubletalk(
        "replay", str(recording), "--screenshot", str(picture), "--size", "100x30", "--at", "18"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    svg = picture.read_text()
    assert svg.startswith("<svg")
    assert "#18" in svg
    assert "COMPLETE_TRANSCRIPT" in svg


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("replay", "x", "--screenshot", "y.svg", "--size", "big"), b"no such file"),
        (("attach",), b"attach needs a terminal"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: tuple[str, ...], told: bytes) -> None:
    """And ends with exit 2."""
    done = doubletalk(*arguments)
    assert told in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert done.returncode == 2
