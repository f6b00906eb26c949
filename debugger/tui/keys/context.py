"""Which keys of the table hold now: where the focus is, and everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from textual.dom import DOMNode
from textual.screen import Screen

from debugger.tui.keys.key import Key, Where, cap
from debugger.tui.keys.table import APP
from debugger.tui.keys.user import current
from debugger.tui.text import width_of

HELP = "app.help"
"""The row that is on the key bar however narrow it is: it tells all the others."""

_GAP = 2


class ActiveKey(NamedTuple):
    """A row that holds now, and the part of the screen that acts on it."""

    row: Key
    node: DOMNode


def active_keys(screen: Screen[Any]) -> list[ActiveKey]:
    """The rows that hold on a screen, those of the focused part first; none without a key."""
    found: dict[str, ActiveKey] = {}
    for active in screen.active_bindings.values():
        row = current.named(active.binding.id or "")
        if row is not None:
            found.setdefault(row.name, ActiveKey(row, active.node))
    return list(found.values())


def places(screen: Screen[Any]) -> list[Where]:
    """The parts of the table that hold on a screen besides what holds everywhere, the focused part first."""
    return list(dict.fromkeys(key.row.where for key in active_keys(screen) if key.row.where not in APP))


class Item(NamedTuple):
    """A key on the key bar, from cell ``start`` up to ``stop``."""

    key: ActiveKey
    cap: str
    label: str
    start: int
    stop: int


def bar_items(
    keys: Sequence[ActiveKey], labels: Mapping[str, str], width: int, *, words: bool = False
) -> list[Item]:
    """The labelled rows that fit into ``width`` cells: the focused part's, then everyone's, by rank.

    ``labels`` has other labels for some rows, by their names.
    """
    ranked = sorted((key for key in keys if key.row.rank), key=lambda key: key.row.rank)
    local = [key for key in ranked if key.row.where not in APP]
    everywhere = [key for key in ranked if key.row.where in APP]
    pinned = [key for key in everywhere if key.row.name == HELP]
    wanted = [*local, *(key for key in everywhere if key.row.name != HELP)]
    shown = {
        key.row.name: (cap(key.row.keys[0], words=words), labels.get(key.row.name, key.row.label))
        for key in ranked
    }
    room = width - 1 - sum(_width(*shown[key.row.name]) + _GAP for key in pinned)
    kept = []
    for key in wanted:
        size = _width(*shown[key.row.name]) + _GAP
        if size > room:
            break
        room -= size
        kept.append(key)
    items, at = [], 1
    for key in (*kept, *pinned):
        text = shown[key.row.name]
        stop = at + _width(*text)
        if stop <= width:
            items.append(Item(key, *text, at, stop))
        at = stop + _GAP
    return items


def _width(caption: str, label: str) -> int:
    return width_of(caption) + 1 + width_of(label)
