"""The key table: bindings, the key bar and the help are made from it, and from nothing else."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

from debugger.tui.keys import (
    anywhere,
    commands,
    control,
    diff,
    events,
    find,
    findings,
    graph,
    help_screen,
    move,
    open_event,
    open_finding,
    panes,
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
    *panes.KEYS,
    *anywhere.KEYS,
    *graph.KEYS,
    *timeline.KEYS,
    *events.KEYS,
    *state.KEYS,
    *turns.KEYS,
    *findings.KEYS,
    *control.KEYS,
    *open_event.KEYS,
    *open_finding.KEYS,
    *query_line.KEYS,
    *diff.KEYS,
    *help_screen.KEYS,
    *commands.KEYS,
)

APP: Final = (Where.MOVE, Where.TIME, Where.FIND, Where.ANYWHERE, Where.HOLD)
"""Parts of the table that hold wherever the focus is."""


FOCUSING: Final = (
    *("filter", "search", "run", "watch", "go_to", "note", "export", "pane", "cycle", "hide"),
    *("help", "palette", "screen.columns", "find"),
    *("held", "break_where", "screen.inject", "screen.delay", "screen.pace"),
)
"""Actions that move the focus. They run before the next key is looked at: what is typed behind
a ``/`` or a ``^P`` goes into the line that it opens, however fast it comes. Where the focused pane
has one of their keys for something of its own, the screen lets that go first."""


def bindings(*where: Where) -> list[BindingType]:
    """The bindings of parts of the table. Each has its row's name for an id: so a user's keys reach it."""
    return [
        Binding(
            ",".join(key.keys),
            key.action,
            key.about,
            show=False,
            priority=key.action.partition("(")[0] in FOCUSING,
            id=key.name,
        )
        for key in TABLE
        if key.where in where
    ]


def bar() -> list[Key]:
    """What the key bar shows, in order."""
    return sorted((key for key in TABLE if key.rank), key=lambda key: key.rank)
