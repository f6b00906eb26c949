"""What docs/explore.md says is done as it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import ROOT
from tests.support.commands import say

PAGE = (ROOT / "docs" / "explore.md").read_text("utf-8")
FILES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE, re.DOTALL))
_TIMES = re.compile(r"\s+[\d.]+(ns|µs|ms|s)\b")


def calls() -> list[tuple[str, list[str]]]:
    """Each command of the page, in its order, and the lines that are shown of it."""
    found = []
    for block in re.findall(r"```\n(\$ .*?)```", PAGE, re.DOTALL):
        for call in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = call.rstrip().splitlines()
            found.append((command, [line for line in shown if line.strip() != "..."]))
    return found


def test_every_command_says_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one folder, one after the other; all but times is as it is shown."""
    monkeypatch.chdir(tmp_path)
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    codes: list[int] = []
    for command, shown in calls():
        code, text = ran(command)
        codes.append(code)
        told = [_TIMES.sub(" T", line) for line in text.splitlines()]
        for line in shown:
            assert any(_TIMES.sub(" T", line) in one for one in told), (command, line, text)
    assert codes == [1, 1, 1, 0, 0, 0, 1, 1]
    assert (tmp_path / "again.jsonl").exists()


def ran(command: str) -> tuple[int, str]:
    program, *arguments = shlex.split(command)
    if program == "doubletalk":
        said = say(*arguments)
        return said.code, said.out + said.err
    plain = ["-p", "no:textual-snapshot", "-p", "no:xdist", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", program, *plain, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
    )
    return run.returncode, run.stdout


def test_every_option_that_the_page_names_is_one() -> None:
    """Of explore, or of pytest with our plugin."""
    options = set(re.findall(r"`(--[a-z][a-z-]+)", PAGE)) | set(re.findall(r"(?<= )--[a-z][a-z-]+", PAGE))
    known = say("explore", "--help").out + say("replay", "--help").out + "--doubletalk-out --list"
    assert len(options) > 8
    for option in options:
        assert option in known


def test_the_examples_for_ci_can_be_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command of both services, with a number for the run, on a folder; the artefact is there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "bank_scenarios.py").write_text(FILES["bank_scenarios.py"])
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    commands = re.findall(r"(doubletalk explore scenarios/ .*\n.*)", page)
    assert len(commands) == 2
    for command in commands:
        words = shlex.split(
            re.sub(r"\$(\{\{.*?\}\}|\w+)", "7", command).replace("--seconds 120", "--seconds 0.2")
        )
        for variant, code in (("fixed", 0), ("buggy", 1)):
            named = [variant if word == "fixed" else word for word in words]
            assert say(*named[1:], "-j", "1").code == code, named
    assert list(tmp_path.glob("explored/*/found.tape"))
    assert list(tmp_path.glob(".doubletalk/corpus/*.tape"))
