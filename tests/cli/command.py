"""The command line as a user calls it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support.prepared import Prepared

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "debugger.cli"]
PREPARED: Final = Prepared()


def call(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own that was loaded before; there is nothing on its stdin."""
    done = PREPARED.run(*arguments, env=env, cwd=cwd)
    out, err = (io.TextIOWrapper(io.BytesIO(some), "utf-8").read() for some in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def call_anew(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does, with a Python of its own."""
    return subprocess.run(
        [*CLI, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env=env,
    )


def told(run: subprocess.CompletedProcess[str]) -> str:
    """The only line of ours on stderr."""
    assert "Traceback" not in run.stderr
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("doubletalk: ")]
    return line


def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing of a test goes into the user's own folders, or to the usual port."""
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "DOUBLETALK_PORT": "0"}
