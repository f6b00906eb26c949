"""A row of the key table, and where it works."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from textual.keys import key_to_character


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
    HOLD = "Hold the bus of a running backend"
    HELD = "In what is held"
    EVENT = "In an open event"
    FINDING = "In an open finding"
    FILTER = "In the query line"
    DIFF = "In a comparison"
    HELP = "In this help"
    COMMANDS = "In the command palette"


@dataclass(frozen=True, slots=True)
class Key:
    """One row: the keys (Textual's names), the action they run, and what to call it.

    ``label`` is for the key bar, in the order of ``rank``; rank 0 keeps it off the bar. ``name`` is how a
    user's key map calls the row; without one, it is made of the place and the action: ``time.play``.
    """

    keys: tuple[str, ...]
    action: str
    about: str
    where: Where
    label: str = ""
    rank: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        """Give it its name."""
        if not self.name:
            object.__setattr__(self, "name", _name(self.where, self.action))

    @property
    def shown(self) -> str:
        """The keys as they are printed on them."""
        return self.shown_as()

    @property
    def cap(self) -> str:
        """The first key alone, for the key bar."""
        return cap(self.keys[0])

    def shown_as(self, *, words: bool = False) -> str:
        """As `shown`; ``words`` where arrows and the like cannot be shown."""
        return " ".join(cap(key, words=words) for key in self.keys)


def cap(key: str, *, words: bool = False) -> str:
    """A key's name as it is printed on it; ``words`` in ASCII, where arrows and the like cannot be shown."""
    if words and key in _WORDS:
        return _WORDS[key]
    if key in _CAPS:
        return _CAPS[key]
    modifiers, _, plain = key.rpartition("+")
    if modifiers:
        before = "".join(_MODIFIERS.get(one, f"{one}-") for one in modifiers.split("+"))
        plain = cap(plain, words=words)
        return before + (plain.upper() if before == _CONTROL else plain)
    return key_to_character(key) or key


_PLACES: Final = {Where.ANYWHERE: "app", Where.FILTER: "query"}
_ARGUMENTS: Final = {"1": "next", "-1": "previous"}
_ACTIONS: Final = {
    "edge(0)": "first",
    "edge(1)": "last",
    "speed(1)": "faster",
    "speed(-1)": "slower",
    "wider(1)": "wider",
    "wider(-1)": "narrower",
    "higher(1)": "higher",
    "higher(-1)": "lower",
}


def _name(where: Where, action: str) -> str:
    place = _PLACES.get(where, where.name.lower())
    if action in _ACTIONS:
        return f"{place}.{_ACTIONS[action]}"
    base, _, arguments = action.rstrip(")").partition("(")
    words = [argument.strip().strip("'\"") for argument in arguments.split(",") if argument.strip()]
    return f"{place}.{'_'.join([base, *(_ARGUMENTS.get(word, word) for word in words)])}"


_CONTROL: Final = "^"
_MODIFIERS: Final = {"ctrl": _CONTROL, "alt": "Alt-", "shift": "Shift-", "super": "Super-"}

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
    "shift+up": "⇧↑",
    "shift+down": "⇧↓",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "insert": "Ins",
    "delete": "Del",
    "backspace": "⌫",
    "slash": "/",
    "backslash": "\\",
    "question_mark": "?",
    "plus": "+",
    "minus": "-",
    "underscore": "_",
    "at": "@",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}

_WORDS: Final = {
    "space": "Space",
    "enter": "Enter",
    "shift+tab": "Shift-Tab",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "shift+up": "Shift-Up",
    "shift+down": "Shift-Down",
    "shift+left": "Shift-Left",
    "shift+right": "Shift-Right",
    "backspace": "Bksp",
}
