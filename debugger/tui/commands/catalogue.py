"""What the palette offers: every key's action that can be run now, and what has no key."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from debugger.tui.keys import APP, current
from debugger.tui.keys.context import active_keys
from debugger.tui.keys.key import Key
from debugger.tui.text import safe_text
from debugger.tui.themes import ABOUT

MAX_OFFERED: Final = 1_000
"""Bookmarks and queries that are offered; more are not looked through by eye."""

_NAME: Final = 100

Run = Callable[[], Awaitable[object] | object]


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done. ``title`` is safe to show; ``keys`` are what one would press.

    ``keep`` is there where the user made the command: it is no longer kept (False), or is kept after all.
    """

    group: str
    title: str
    run: Run
    keys: tuple[str, ...] = ()
    keep: Callable[[bool], object] | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What the palette offers besides the keys, and what happens with it. What is None is not offered.

    ``queries`` are saved ones by name, of which ``keep_query`` forgets one or keeps it after all;
    ``bookmarks`` are labels and rows.
    """

    theme: Callable[[str], object] | None = None
    queries: Callable[[], Mapping[str, str]] = dict
    use_query: Callable[[str], object] | None = None
    keep_query: Callable[[str, str, bool], object] | None = None
    bookmarks: Callable[[], Iterable[tuple[str, int]]] = tuple
    go: Callable[[int], object] | None = None
    screenshot: Callable[[str], object] | None = None
    edit_keys: Callable[[], object] | None = None
    more: tuple[Command, ...] = field(default=())


def catalogue(screen: Screen[Any], sources: Sources) -> list[Command]:
    """All commands for a screen as it is now; the nearest to the focus first."""
    commands = list(_of_keys(screen))
    if sources.theme is not None:
        commands += [
            Command("theme", f"theme: {about}", _with(sources.theme, name)) for name, about in ABOUT.items()
        ]
    if sources.screenshot is not None:
        take = sources.screenshot
        commands += [
            Command("screen", "screenshot as SVG", _with(take, "svg")),
            Command("screen", "screenshot as text", _with(take, "txt")),
        ]
    if sources.edit_keys is not None:
        commands.append(Command("keys", "other keys: write a file to edit", sources.edit_keys))
    if sources.use_query is not None:
        use = sources.use_query
        commands += [
            Command(
                "saved query",
                _short(f"{name}: {text}"),
                _with(use, text),
                keep=partial(sources.keep_query, name, text) if sources.keep_query is not None else None,
            )
            for name, text in list(sources.queries().items())[:MAX_OFFERED]
        ]
    if sources.go is not None:
        commands += [
            Command("bookmark", _short(label), _with(sources.go, row))
            for (label, row), _ in zip(sources.bookmarks(), range(MAX_OFFERED), strict=False)
        ]
    return [*commands, *sources.more]


def _short(text: str) -> str:
    return safe_text(text, _NAME)


def _with(action: Callable[[Any], object], argument: object) -> Run:
    return lambda: action(argument)


async def run(command: Command) -> None:
    """Do it."""
    result = command.run()
    if inspect.isawaitable(result):
        await result


def _of_keys(screen: Screen[Any]) -> Iterator[Command]:
    """What holds now, then what holds in the other panes of the screen."""
    told = set[str]()
    for key in active_keys(screen):
        told.add(key.row.name)
        if key.row.action != "palette":
            yield _pressing(screen, key.row, key.node)
    for node in screen.walk_children():
        for binding in type(node).BINDINGS:
            row = current.named(binding.id or "") if isinstance(binding, Binding) else None
            if row is not None and row.name not in told and node.id is not None:
                told.add(row.name)
                yield _pressing(screen, row, node)


def _pressing(screen: Screen[Any], row: Key, node: DOMNode) -> Command:
    """What the key does, in its place: there first, if one is not there."""

    async def press() -> None:
        there = screen.focused is None or node in screen.focused.ancestors_with_self
        if there or row.where in APP:
            await screen.app.run_action(row.action, node)
            return
        await screen.app.run_action(f"pane('{node.id}')", screen)
        screen.call_after_refresh(screen.app.run_action, row.action, node)

    group = row.where.value
    return Command(group[0].lower() + group[1:], row.about, press, row.keys)
