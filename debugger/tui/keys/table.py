"""The key table: bindings, the key bar and the help are made from it, and from nothing else."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

from debugger.tui.keys import (
    anywhere,
    diff,
    events,
    find,
    findings,
    graph,
    move,
    open_event,
    query_line,
    state,
    time,
    timeline,
    turns,
)
from debugger.tui.keys.key import Key, Where

TABLE: Final = (
    *move.KEYS,
    *time.KEYS,
    *find.KEYS,
    *anywhere.KEYS,
    *graph.KEYS,
    *timeline.KEYS,
    *events.KEYS,
    *state.KEYS,
    *turns.KEYS,
    *findings.KEYS,
    *open_event.KEYS,
    *query_line.KEYS,
    *diff.KEYS,
)

APP: Final = (Where.MOVE, Where.TIME, Where.FIND, Where.ANYWHERE)
"""Parts of the table that hold wherever the focus is."""


FOCUSING: Final = ("filter", "pane", "cycle")
"""Actions that move the focus. They run before the next key is looked at: what is typed behind
a ``/`` goes into the line that it opens, however fast it comes."""


def bindings(*where: Where) -> list[BindingType]:
    """The bindings of parts of the table."""
    return [
        Binding(
            ",".join(key.keys),
            key.action,
            key.about,
            show=False,
            priority=key.action.partition("(")[0] in FOCUSING,
        )
        for key in TABLE
        if key.where in where
    ]


def bar() -> list[Key]:
    """What the key bar shows, in order."""
    return sorted((key for key in TABLE if key.rank), key=lambda key: key.rank)
