"""Processes of the service's bench, and what is to be said of a viewer's books."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self


class Process:
    """A module of this folder, that is told lines and answers with lines."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> None:
        """Say it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def line(self) -> str:
        """What it says next.

        Raises:
            RuntimeError: it has ended.
        """
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError(f"{self._process.args} ended with {self._process.wait()}")
        return said.strip()

    def answer(self) -> dict[str, Any]:
        """What it says next, read."""
        found: dict[str, Any] = json.loads(self.line())
        return found

    def finish(self) -> None:
        """It is told no more: wait for its end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def viewing(kinds: Sequence[tuple[str, str, int]]) -> Iterator[list[Process]]:
    """So many viewers of a kind, in as few processes as there are entries; all are connected."""
    with ExitStack() as stack:
        viewers = [
            stack.enter_context(Process("service_viewer", kind, url, str(count)))
            for kind, url, count in kinds
        ]
        for viewer in viewers:
            viewer.line()
        yield viewers


def emitted(publisher: Process, rate: int, seconds: float) -> dict[str, Any]:
    """What emitting so long at a rate took."""
    publisher.tell(f"{rate} {seconds}")
    return publisher.answer()


def fault_in(books: dict[str, Any], last: int, *, whole: bool) -> str:
    """What is wrong with the books of a viewer; empty if nothing is."""
    expected = last + 1 - books["first"]
    if books["unnamed"] or books["twice"] or books["received"] + books["named"] < expected:
        return f"received {books['received']:,} + told as lost {books['named']:,} of {expected:,}: {books}"
    return f"lost {books['named']:,} in {books['gaps']} gaps" if whole and books["named"] else ""
