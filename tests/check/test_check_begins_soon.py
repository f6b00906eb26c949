"""A check of a small recording takes some tenths of a second: it loads what it needs, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.command import ROOT

PROGRAM = """
import sys
from debugger.cli.app import app
sys.argv = ["doubletalk", *{arguments!r}]
try:
    app()
except SystemExit:
    pass
print(*sorted(sys.modules), file=sys.stderr)
"""

LOG = str(ROOT / "sample_logs" / "barge_in.jsonl")
OTHERS = ("debugger.tui", "debugger.judging", "debugger.explore", "debugger.cli.record", "debugger.cli.view")
HEAVY = (
    "asyncio",
    "textual",
    "rich",
    "websockets",
    "multiprocessing",
    "concurrent",
    "numpy.ma",
    "xml",
    "dask",
    "ray",
)


def loaded(*arguments: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(run.stderr.splitlines()[-1].split())


def test_a_check_loads_neither_other_commands_nor_what_only_they_need() -> None:
    """No event loop, no interface, no second process."""
    modules = loaded("check", LOG)
    assert "debugger.analysis.judge" in modules
    found = {name for name in modules if name.startswith((*OTHERS, "backend.cli", "backend.tap"))}
    assert not found
    assert not modules & set(HEAVY)


@pytest.mark.parametrize("arguments", [("--version",), ("check", "--help")])
def test_what_tells_of_the_command_alone_loads_no_numbers(arguments: tuple[str, ...]) -> None:
    """Nor an event loop."""
    modules = loaded(*arguments)
    assert not modules & {"numpy", *HEAVY}
