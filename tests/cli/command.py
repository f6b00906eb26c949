"""The command line as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "debugger.cli"]


def call(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*CLI, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        **more,
    )


def told(run: subprocess.CompletedProcess[str]) -> str:
    """The only line of ours on stderr."""
    assert "Traceback" not in run.stderr
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("doubletalk: ")]
    return line


def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing of a test goes into the user's own folders, or to the usual port."""
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "DOUBLETALK_PORT": "0"}
