"""What the README shows of what a command prints of a recording; `check` has tests of its own."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.cli.command import ROOT
from tests.support.commands import say


class Quote(NamedTuple):
    command: str
    shown: list[str]


def quotes() -> list[Quote]:
    """Each command that is called on recordings of the project, with what is said to come out."""
    found: list[Quote] = []
    for block in re.findall(r"```\n(\$ .*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL):
        for call in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = call.rstrip().splitlines()
            if "sample_logs/" in command and not command.startswith("doubletalk check "):
                found.append(Quote(command, shown))
    return found


QUOTES = quotes()


@pytest.fixture(autouse=True)
def _at_the_root_in_universal_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Paths are told from the project's root, times in the local zone."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def printed(command: str) -> list[str]:
    """What comes out of it."""
    call, _, part = command.partition(" | ")
    program, *arguments = shlex.split(call)
    assert program == "doubletalk"
    lines = say(*arguments).out.splitlines()
    if not part:
        return lines
    end, count = re.fullmatch(r"(head|tail) -(\d+)", part).groups()  # type: ignore[union-attr]
    return lines[: int(count)] if end == "head" else lines[-int(count) :]


def test_there_are_quotes() -> None:
    """Of each command that reads recordings."""
    assert {quote.command.split()[1] for quote in QUOTES} >= {"turns", "query", "show", "replay"}


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: " ".join(quote.command.split()[1:3]))
def test_a_quoted_output_is_what_is_printed(quote: Quote) -> None:
    """Line by line; a line that ends in … goes on."""
    for shown, line in zip(quote.shown, printed(quote.command), strict=True):
        if shown.endswith("…"):
            assert line.startswith(shown.removesuffix("…").rstrip())
        else:
            assert line == shown
