"""A row of the key table, and where it works."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Where(enum.Enum):
    """Where a key works. The value heads its part of the help."""

    ANYWHERE = "Anywhere"
    MOVE = "Move the cursor"
    TIME = "Time"
    FIND = "Find"
    GRAPH = "In the graph"
    TIMELINE = "In the timeline"
    EVENTS = "In the events"
    STATE = "In the state"
    TURNS = "In the turns"
    FINDINGS = "In the findings"
    EVENT = "In an open event"
    FILTER = "In the query line"
    DIFF = "In a comparison"


@dataclass(frozen=True, slots=True)
class Key:
    """One row: the keys (Textual's names), the action they run, and what to call it.

    ``label`` is for the key bar, in the order of ``rank``; rank 0 keeps it off the bar.
    """

    keys: tuple[str, ...]
    action: str
    about: str
    where: Where
    label: str = ""
    rank: int = 0

    @property
    def shown(self) -> str:
        """The keys as they are printed on them."""
        return " ".join(_CAPS.get(key, key) for key in self.keys)

    @property
    def cap(self) -> str:
        """The first key alone, for the key bar."""
        return _CAPS.get(self.keys[0], self.keys[0])


_CAPS: Final = {
    "space": "␣",
    "enter": "⏎",
    "escape": "Esc",
    "tab": "Tab",
    "shift+tab": "⇧Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "slash": "/",
    "question_mark": "?",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "ctrl+c": "^C",
    "ctrl+d": "^D",
    "ctrl+u": "^U",
    "ctrl+g": "^G",
}
