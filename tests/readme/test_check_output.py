"""What the README shows of `doubletalk check` is what it prints."""

from __future__ import annotations

import re

from tests.cli.command import ROOT, call

README = (ROOT / "README.md").read_text("utf-8")


def test_the_report_in_the_readme_is_that_of_its_recordings() -> None:
    """To the letter, but for how long it took."""
    block = r"```\n\$ doubletalk check ([^\n]*)\n(?!```)(.+?)```"
    ((arguments, shown),) = re.findall(block, README, re.DOTALL)
    run = call("check", *arguments.split(), cwd=ROOT)
    assert run.returncode == 1
    assert _timeless(run.stdout) == _timeless(shown)


def test_the_recordings_that_it_says_pass_do() -> None:
    """All of them, with the limit that CI has unless it says otherwise."""
    (folder,) = re.findall(r"```\n\$ doubletalk check (\S+)\n```\n\npasses", README)
    assert call("check", folder, cwd=ROOT).returncode == 0


def _timeless(text: str) -> str:
    return re.sub(r"\(\d+\.\d s\)", "(T)", text)
