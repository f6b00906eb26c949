"""What the page about rules says is so: each file on it can be used, and each output is what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from debugger.analysis.rules import RulesError, load_rules
from debugger.analysis.rules.schema import Cases
from tests.cli.command import ROOT, call

PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")
TOML = re.findall(r"```toml( refused)?\n(.*?)```", PAGE, re.DOTALL)
FILES = dict(
    re.findall(r"`([a-z]+\.(?:toml|jsonl))`:\n\n```(?:toml|jsonl)(?: refused)?\n(.*?)```", PAGE, re.DOTALL)
)
SHOWN = re.findall(r"```\n\$ doubletalk (check [^\n]*)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("refused", "text"), TOML)
def test_each_rules_file_on_the_page_loads(refused: str, text: str) -> None:
    """But for the one that shows how a mistake is refused."""
    if refused:
        with pytest.raises(RulesError):
            load_rules([("page.toml", text)])
    else:
        before = [("shop.toml", FILES["shop.toml"])] if "[[suppress]]" in text else []
        load_rules([*before, ("page.toml", text)])


@pytest.mark.parametrize(("command", "shown"), SHOWN)
def test_each_output_on_the_page_is_what_is_printed(command: str, shown: str, tmp_path: Path) -> None:
    """Line by line, in order; what else is printed may be left out on the page."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    run = call(*command.split(), cwd=tmp_path)
    assert "Traceback" not in run.stderr
    printed = iter(map(_timeless, (run.stdout + run.stderr).splitlines()))
    for line in shown.splitlines():
        assert _timeless(line) in printed, line


def test_each_pattern_and_each_rule_of_timing_is_on_the_page() -> None:
    """With the span that it has unless another is set."""
    for kind in Cases.__args__:
        assert f"`{kind.__struct_config__.tag}`" in PAGE
    for rule in load_rules().rules:
        spans = {within for case in rule.cases if (within := getattr(case, "within", None))}
        if rule.severity != "error":
            (within,) = spans
            number, unit = re.fullmatch(r"(\d+)(\w+)", within).groups()  # type: ignore[union-attr]
            (row,) = re.findall(rf"^\| `{rule.id}` .*$", PAGE, re.MULTILINE)
            assert row.endswith(f"| {number} {unit}, {rule.severity} |")


def _timeless(line: str) -> str:
    return re.sub(r"\(\d+\.\d s\)", "(T)", line)
