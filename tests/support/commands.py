"""A command run in this process: starting one for each test would cost minutes."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import NamedTuple
from unittest import mock

from debugger.cli import run
from debugger.cli.app import app


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def say(*arguments: str) -> Said:
    """Run ``doubletalk`` with `arguments`, without a terminal."""
    out, err = io.StringIO(), io.StringIO()
    words = ["doubletalk", *arguments]
    with (
        mock.patch.object(sys, "argv", words),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(app)
    return Said(code, out.getvalue(), err.getvalue())
