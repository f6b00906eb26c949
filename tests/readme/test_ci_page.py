"""What the page about CI says can be done, can be done as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.command import ROOT, call

PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")


def test_the_test_on_the_page_fails_with_the_explanation_on_the_page(tmp_path: Path) -> None:
    """Fifteen lines of plain asyncio; what is said about them is what is printed."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    (tmp_path / "test_bank.py").write_text(code)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    plain = ["-p", "no:textual-snapshot", "-p", "no:xdist", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plain],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    (shown,) = re.findall(r"```\n(test_deposits.*?)```", PAGE, re.DOTALL)
    told = [_without_times(line) for line in run.stdout.splitlines()]
    for line in shown.splitlines():
        if line.strip() != "...":
            assert any(_without_times(line) in one for one in told), line


def _without_times(line: str) -> str:
    return re.sub(r"\s+[\d.]+(ns|µs|ms|s)\b", " T", line).strip()


def test_every_option_in_the_examples_exists() -> None:
    """Of the command lines in the YAML of both services."""
    known = call("check", "--help").stdout
    lines = re.findall(r"doubletalk check (.*)", PAGE)
    assert len(lines) >= 6
    for option in {option for line in lines for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", line)}:
        assert option in known
