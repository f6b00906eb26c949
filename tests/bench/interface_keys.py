"""Keys of all kinds that move, and moments that are typed: how long until the screen shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from textual.geometry import Size

from debugger.tui.panes.arrangement import Arrangement
from tests.bench.interface_bench import HEIGHT, KEY_SECONDS, WIDTH, Bench, at
from tests.bench.interface_story import FIRST_SEQ
from tests.bench.pty_screen import Screen

_QUIET: Final = 0.03
"""Seconds in which nothing more may be painted, for a seek to be over."""

_LATER: Final = 0.35
"""Seconds after that in which no pane but the graph, where messages go on moving, may change either."""

_ROUND: Final = 52  # keys, then another moment
_BOTTOM: Final = 3  # lines under the panes


def keys(bench: Bench, count: int) -> dict[str, list[float]]:
    """Press as many keys, of all kinds that move; ms of each, by key."""
    took: dict[str, list[float]] = {}
    pressed = 0
    filled = bench.row
    while pressed < count:
        middle = bench.random.randrange(len(bench.story) // 2, filled)
        bench.go_to(f"row={middle + 1}", middle)
        page = _page(bench)
        for name, key, row in _walk(bench, page):
            bench.rest(bench.random.uniform(0.005, 0.05))
            took.setdefault(name, []).append(bench.key(key, row))
            pressed += 1
        bench.rest(0.05)
        following = bench.terminal.press(b"G")
        shown = bench.terminal.until(lambda screen: " LIVE " in screen.line(-2), KEY_SECONDS)
        took.setdefault("G", []).append((shown - following) * 1e3)
        bench.rest(0.3)
        took.setdefault("g", []).append(bench.key(b"g", 0))
        pressed += 2
    return took


def _page(bench: Bench) -> int:
    """By how many rows a page key moves."""
    before = bench.row
    bench.rest(0.05)  # the line that was typed in leaves its room to the table
    bench.terminal.press(b"\x1b[6~")
    bench.terminal.until(lambda screen: not at(before)(screen) and "#" in screen.line(-2), KEY_SECONDS)
    page = _shown_row(bench.terminal.screen) - before
    bench.row = before + page
    return page


def _shown_row(screen: Screen) -> int:
    return int(screen.line(-2).rpartition("#")[2].split()[0]) - FIRST_SEQ


def _walk(bench: Bench, page: int) -> Iterator[tuple[str, bytes, int]]:
    """Keys with where they lead, from where one is."""
    story = bench.story
    ways: list[tuple[str, bytes, Callable[[int], int | None]]] = [
        ("j", b"j", lambda row: row + 1),
        ("k", b"k", lambda row: row - 1),
        ("j", b"j", lambda row: row + 1),
        ("down", b"\x1b[B", lambda row: row + 1),
        ("l", b"l", lambda row: story.message(row, 1)),
        ("h", b"h", lambda row: story.message(row, -1)),
        ("pgdn", b"\x1b[6~", lambda row: row + page),
        ("pgup", b"\x1b[5~", lambda row: row - page),
        ("c", b"c", story.cause),
        ("e", b"e", story.effect),
        ("t", b"t", story.in_turn),
    ]
    done = 0
    while done < _ROUND:
        name, key, way = bench.random.choice(ways)
        row = way(bench.row)
        if row is not None:
            done += 1
            yield name, key, row


def seeks(bench: Bench, filled: int, events: int, count: int) -> tuple[list[float], list[float]]:
    """Go to random moments of a log at rest: ms until the place is shown, and until all panes are.

    They are among the rows that were there from the beginning, of all that are there now.
    """
    shown, settled = [], []
    for number in range(count):
        row = bench.random.randrange(filled)
        text = f"row={row + 1}"
        if number % 3 == 1:
            text = f"seq={FIRST_SEQ + row}"
        elif number % 3 == 2:
            percent = bench.random.randrange(10_000 * filled // events) / 100
            text, row = f"{percent:.2f}%", round(float(f"{percent:.2f}") / 100 * (events - 1))
        shown.append(bench.go_to(text, row))
        entered = time.perf_counter() - shown[-1] / 1e3
        settled.append(max((_settled(bench) - entered) * 1e3, shown[-1]))
        bench.rest(0.02)
    return shown, settled


def _settled(bench: Bench) -> float:
    """When the panes were as they stay."""
    terminal, others = bench.terminal, _beside_graph()
    last = terminal.quiet(_QUIET, 1.0) or time.perf_counter() - _QUIET
    seen = [terminal.screen.part(*part) for part in others]
    ends = time.perf_counter() + _LATER
    while (left := ends - time.perf_counter()) > 0:
        came = terminal.look(left)
        if came is not None:
            now = [terminal.screen.part(*part) for part in others]
            if now != seen:
                seen, last = now, came
    return last


def _beside_graph() -> list[tuple[int, int, int, int]]:
    """The parts of the screen where no message moves: all panes but the graph, with the scrubber."""
    regions = Arrangement().regions(Size(WIDTH, HEIGHT - _BOTTOM))
    panes = [(one.x, one.y, one.width, one.height) for name, one in regions.items() if name != "graph"]
    return [*panes, (0, HEIGHT - _BOTTOM, WIDTH, 2)]
