"""Keeps what a user's program prints out of what we print."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def kept_clean() -> Iterator[None]:
    """What is written to stdout meanwhile goes to stderr, by whatever way it is written."""
    sys.stdout.flush()
    real = _duplicate(1)
    if real >= 0:
        os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stderr.flush()
        if real >= 0:
            with contextlib.suppress(ValueError, OSError, AttributeError):
                sys.__stdout__.flush()  # type: ignore[union-attr]  # what was bound to it before
            os.dup2(real, 1)
            os.close(real)


def _duplicate(number: int) -> int:
    """A second number for an open file; -1 where it is not open."""
    try:
        return os.dup(number)
    except OSError:
        return -1
