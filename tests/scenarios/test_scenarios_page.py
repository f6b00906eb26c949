"""What the page about scenarios shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.scenarios import Play
from backend.scenarios.discovery import find_one
from backend.simulation import AtRandom
from debugger.explore.oracle import Oracle, judged
from tests.cli.command import ROOT
from tests.scenarios.simulating import Command

PAGE = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
FILES = dict(re.findall(r"`([a-z_]+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL))


def without_counts(text: str) -> str:
    """How many steps and events a run has changes with what the tap tells."""
    return re.sub(r"\d+ (steps|events)", r"N \1", text)


def test_the_commands_on_the_page_say_what_it_says(
    say: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the two files on the page, in an empty folder."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    (shown,) = re.findall(r"```\n(\$ doubletalk simulate .*?)```", PAGE, re.DOTALL)
    commands = re.findall(r"\$ doubletalk simulate (.*)\n((?:[^$].*\n)*)", shown)
    codes = []
    for command, told in commands:
        said = say(*command.split())
        assert without_counts(said.err) == without_counts(told)
        codes.append(said.code)
    assert codes == [0, 1]


def test_the_scenario_of_the_assistant_on_the_page_has_the_race_that_it_is_about(tmp_path: Path) -> None:
    """Its bug is latent, and shows under another order."""
    (text,) = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "not_now" in block]
    path = tmp_path / "scenario_page.py"
    path.write_text(text, "utf-8")
    scenario = find_one(str(path)).scenario
    assert judged(Play(scenario, "fixed").run(AtRandom(1)), Oracle()) == ()
    play = Play(scenario, "buggy")
    assert judged(play.run(), Oracle()) == ()
    rules = {one.rule for seed in range(12) for one in judged(play.run(AtRandom(seed)), Oracle())}
    assert "barge-in-ignored" in rules
