"""The store's process, seen from the producer that began it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from backend.store.errors import StoreError
from backend.store.frames import FAILED, HURRY, LINES, READY, STORED, Frames, lines_head, number_in

_PIPE_BYTES: Final = 1 << 20
_READ: Final = 64 << 10
_END_SECONDS: Final = 5.0


class ChildGoneError(Exception):
    """The process ended, or was killed; it may be begun again."""


def words_of(folder: str | Path, fsync: str, seconds: float | None, size: int | None) -> tuple[str, ...]:
    """The command line of a store's process."""
    words = [sys.executable, "-m", "backend.store", str(folder), "--fsync", fsync]
    if seconds is not None:
        words += ["--keep-seconds", str(seconds)]
    if size is not None:
        words += ["--keep-bytes", str(size)]
    return tuple(words)


class Child:
    """A process that stores. ``on_stored`` hears from a thread what is stored, and None when it is gone.

    Raises:
        StoreError: from the constructor: it cannot write to the store; why.
        ChildGoneError: from `send` and the constructor: it ended.
    """

    def __init__(self, words: Sequence[str], on_stored: Callable[[int | None], None]) -> None:
        self._on_stored = on_stored
        self._failed = ""
        self.gone = False
        # A group of its own: a terminal's Ctrl-C is for the producer, which then ends this one in order.
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, words of our own
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("pipes were asked for")
        self._in, self._out = stdin.fileno(), stdout.fileno()
        with contextlib.suppress(OSError, AttributeError):  # a larger pipe is only faster; Linux has it
            fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._frames = Frames()
        try:
            self._await_ready()
        except BaseException:
            self.end()
            raise
        self._thread = threading.Thread(target=self._listen, name="store-answers", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def _await_ready(self) -> None:
        while content := os.read(self._out, _READ):
            for kind, inside in self._frames.take(content):
                if kind == READY:
                    return
                if kind == FAILED:
                    raise StoreError(inside.decode("utf-8", "replace"))
        raise ChildGoneError("the store's process ended before it was ready")

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError, StoreError):
            while content := os.read(self._out, _READ):
                for kind, inside in self._frames.take(content):
                    if kind == STORED:
                        self._on_stored(number_in(inside))
                    elif kind == FAILED:
                        self._failed = inside.decode("utf-8", "replace")
        self.gone = True
        self._on_stored(None)

    def send(self, number: int, lines: bytes, *, hurry: bool = False) -> None:
        """Send a batch; waits while the process is busy. ``hurry``: many more are to be sent.

        Raises:
            ChildGoneError: it is gone.
        """
        for part in (lines_head(number, len(lines), HURRY if hurry else LINES), lines):
            rest = memoryview(part)
            try:
                while rest:
                    rest = rest[os.write(self._in, rest) :]
            except OSError:
                raise ChildGoneError("the store's process ended") from None

    def finish(self, seconds: float) -> None:
        """Close its input, and wait for it to end by itself.

        Raises:
            ChildGoneError: it did not.
        """
        self._close_input()
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise ChildGoneError("the store's process did not end") from None
        self.end()
        if code:
            raise ChildGoneError(self._failed or f"the store's process ended with {code}")

    def end(self) -> str:
        """See that it is gone; returns what it said last, if that was a failure."""
        self._close_input()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        thread = getattr(self, "_thread", None)
        if thread is not None:
            thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return self._failed

    def kill(self) -> None:
        """At once; whoever waits for it wakes up."""
        self._process.kill()

    def _close_input(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
