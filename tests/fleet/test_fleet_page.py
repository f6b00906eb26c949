"""What docs/fleet.md shows is what is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from debugger.fleet.checking import CHECK
from debugger.fleet.tasks import Job
from tests.cli.command import ROOT
from tests.support.commands import say
from tests.support.fleets import check_or_die

PAGE = (ROOT / "docs" / "fleet.md").read_text("utf-8")


def shown() -> dict[str, str]:
    """By command what the page says that it prints."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    commands = (
        part.partition("\n") for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)
    )
    return {command: printed for command, _, printed in commands if command.startswith("doubletalk ")}


def timeless(text: str) -> str:
    return re.sub(r"\(\d+\.\d s\)", "(T)", text)


def test_commands_of_the_page_print_what_it_says(
    dask_engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the recordings that come with it; a cluster that runs has another port here."""
    (tmp_path / "sample_logs").symlink_to(ROOT / "sample_logs")
    (tmp_path / "recordings").mkdir()
    for name in ("deadly", "hand_off"):
        (tmp_path / "recordings" / f"{name}.jsonl").symlink_to(ROOT / "sample_logs" / "hand_off.jsonl")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("debugger.fleet.driver._WORTH", 1)
    commands = shown()
    assert len(commands) == 6
    for command, printed in commands.items():
        deadly = "--jobs" in command
        monkeypatch.setattr(
            "debugger.fleet.checking.CHECK", Job(check_or_die, CHECK.unread) if deadly else CHECK
        )
        _, *words = shlex.split(command.replace("dask://127.0.0.1:8786", dask_engine))
        said = say(*words)
        told = timeless(said.err + said.out)
        expected, cut, _ = timeless(printed).partition("...\n")
        assert told.startswith(expected) if cut else told == expected, command
        assert said.code == (2 if deadly or "recordings" in words else 0)
