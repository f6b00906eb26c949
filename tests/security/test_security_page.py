"""docs/security.md: its blocks run, and what it names is there."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from backend.tap.redaction import ALL_GROUPS, Redactor, load_redaction
from backend.tap.redaction.builtin import CAUSAL, GROUPS
from backend.wire.limits import Limits
from tests.support.commands import say

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")


def block(language: str) -> str:
    """The first code block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_file_is_one(tmp_path: Path) -> None:
    """It loads, and names all groups."""
    file = tmp_path / "redact.toml"
    file.write_text(block("toml"))
    redaction = load_redaction(file)
    assert redaction.builtin == ALL_GROUPS
    told = Redactor(redaction).text("to DE89 3704 0044 0532 0130 00, by Ada Lovelace")
    assert re.fullmatch(r"to \[redacted:iban:\w{8}\], by \[redacted:word:\w{8}\]", told)


def test_the_program_does_what_is_said_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its event is the one that is shown."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(block("python"))
    runpy.run_path(str(tmp_path / "program.py"))
    event = json.loads(Path("run.jsonl").read_text().splitlines()[1])
    shown = json.loads(block("json"))
    assert {name: event[name] for name in shown} == shown


def test_the_limits_are_those_of_the_code() -> None:
    """By name, with their defaults."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE))
    defaults = Limits()
    assert {name: float(number) for name, number in rows.items()} == {
        name: getattr(defaults, name) for name in Limits.__struct_fields__
    }


def test_what_is_built_in_is_said() -> None:
    """Groups, keys that are named as examples, and what ties events together."""
    for name, group in GROUPS.items():
        assert f"`{name}`" in PAGE
        line = PAGE[PAGE.index(f"`{name}`", PAGE.index("**Built in**")) :].split("),", 1)[0]
        for key in re.findall(r"`([*\w.]+)`", line)[1:4]:
            if group.find is None or "*" in key:
                assert key in group.keys, key
    for path in CAUSAL:
        assert f"`{path.removeprefix('data.')}`" in PAGE


def test_the_options_are_there() -> None:
    """As `--help` tells them."""
    for command in ("serve", "attach", "record"):
        told = say(command, "--help").out
        for line in PAGE.splitlines():
            if f"doubletalk {command} " in line:
                for option in re.findall(r"--[a-z-]+", line.split(f"doubletalk {command} ")[1]):
                    assert option in told, (command, option)
    told = say("serve", "--help").out
    options = re.findall(r"`(--[a-z-]+)", PAGE.split("## Redaction")[0].partition("| --- |")[2])
    for option in {*options, "--limit"} - {"--ca"}:
        assert option in told, option
