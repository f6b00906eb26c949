"""`doubletalk simulate` in this process: what it says, and how it ends."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from debugger.cli import run
from debugger.cli.app import app

BAD = Path(__file__).with_name("bad_programs.py")


@dataclass(frozen=True)
class Said:
    """Exit code, and what was written. ``told`` are our own lines on stderr."""

    code: int
    out: bytes
    err: str

    @property
    def told(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("doubletalk: ")]

    def events(self) -> list[dict[str, Any]]:
        """The recording on stdout; nothing else is there."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


class Command:
    """Calls it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[bytes]) -> None:
        self._monkeypatch = monkeypatch
        self._capfd = capfd

    def __call__(self, *arguments: object) -> Said:
        self._monkeypatch.setattr(sys, "argv", ["doubletalk", "simulate", *map(str, arguments)])
        self._capfd.readouterr()
        code = run(app)
        out, err = self._capfd.readouterr()
        return Said(code, out, err.decode())
