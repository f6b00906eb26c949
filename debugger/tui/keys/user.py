"""The user's own keys: which are taken, and which are refused in one line each.

The keys in force are `current`: key bar, help and command palette are made from it, and
`apply_keys` gives the same to Textual.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from textual.app import App
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key, key_to_character

from debugger.tui.keys.key import Key, Where, cap
from debugger.tui.keys.table import APP, TABLE
from debugger.tui.text import safe_text

KEPT: Final = frozenset({"escape", "ctrl+c"})
"""Keys that no key map takes away where they are: the ways out."""

_MODIFIERS: Final = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
_ALIASES: Final = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
    " ": "space",
}
_NAMED: Final = frozenset(
    {*(key.value.rpartition("+")[2] for key in Keys if "<" not in key.value), *KEY_NAME_REPLACEMENTS.values()}
)
_LINE: Final = 80


class KeyTable:
    """The rows in force. ``generation`` grows when they change, for whoever keeps something made of them."""

    def __init__(self, rows: Sequence[Key]) -> None:
        self.rows = tuple(rows)
        self.generation = 0
        self._by_name = {row.name: row for row in self.rows}

    def use(self, rows: Sequence[Key]) -> None:
        """Other rows are in force from now on."""
        self.rows = tuple(rows)
        self.generation += 1
        self._by_name = {row.name: row for row in self.rows}

    def named(self, name: str) -> Key | None:
        """The row of that name."""
        return self._by_name.get(name)


current: Final = KeyTable(TABLE)
"""One terminal has one keyboard."""


def apply_keys(app: App[Any], overrides: Mapping[str, Any]) -> list[str]:
    """Put the user's keys in force; a line for each that is refused."""
    rows, problems = effective(overrides)
    current.use(rows)
    default = {row.name: row.keys for row in TABLE}
    app.set_keymap({row.name: ",".join(row.keys) for row in rows if row.keys != default[row.name]})
    return problems


def effective(overrides: Mapping[str, Any], table: Sequence[Key] = TABLE) -> tuple[list[Key], list[str]]:
    """The table with the user's keys in it, and a line for each that is refused.

    Refused are actions and keys that there are not, and a key that does something else in the same place:
    then the row keeps the keys that it had. Two rows may change their keys with each other.
    """
    names = [row.name for row in table]
    problems: list[str] = []
    wanted: dict[str, tuple[str, ...]] = {}
    for name, value in overrides.items():
        if name not in names:
            problems.append(f"keys: no action {_quoted(name)}{_meant(name, names)}")
            continue
        keys = _keys_of(name, value, problems)
        if keys:
            row = table[names.index(name)]
            wanted[name] = tuple(dict.fromkeys((*keys, *(key for key in row.keys if key in KEPT))))
    while True:
        rows = [replace(row, keys=wanted.get(row.name, row.keys)) for row in table]
        clash = _clash(rows, wanted)
        if clash is None:
            return rows, problems
        name, key, other = clash
        del wanted[name]
        problems.append(f"keys: {name} cannot have {cap(key)}: it is {other.name} ({other.about}) there")


def template(table: Sequence[Key] = TABLE) -> str:
    """A key map to edit, as TOML: all actions with the keys that they come with, each commented out."""
    lines = ["# Take the # away from what is to have other keys. It holds from the next start on.", "[keys]"]
    for where in dict.fromkeys(row.where for row in table):
        lines += ["", f"# {where.value}"]
        for row in table:
            if row.where is where:
                keys = ", ".join(f'"{key}"' for key in row.keys)
                lines += [f"# {row.about}", f'# "{row.name}" = [{keys}]']
    return "\n".join(lines) + "\n"


def place_of(where: Where) -> Where:
    """Rows of one place share a keyboard: all that holds everywhere is one place."""
    return Where.ANYWHERE if where in APP else where


def _clash(rows: Sequence[Key], wanted: Mapping[str, object]) -> tuple[str, str, Key] | None:
    """A row that the user changed, a key of it that another row of its place has, and that row."""
    order = list(wanted)
    for number, row in enumerate(rows):
        for other in rows[:number]:
            if place_of(row.where) is not place_of(other.where):
                continue
            for key in row.keys:
                if key not in other.keys:
                    continue
                changed = [one for one in (row, other) if one.name in wanted]
                if changed:
                    # Of two that want one key, the first has it.
                    loser = max(changed, key=lambda one: order.index(one.name))
                    return loser.name, key, other if loser is row else row
    return None


def _keys_of(name: str, value: Any, problems: list[str]) -> list[str]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not given or not all(isinstance(key, str) for key in given):
        problems.append(f'keys: {name} is no key or list of keys: write {name} = "x" or ["x", "ctrl+y"]')
        return []
    keys = []
    for text in given:
        key = key_named(text)
        if key is None:
            problems.append(f"keys: {name}: no key {_quoted(text)}{_meant(text, sorted(_NAMED))}")
            return []
        keys.append(key)
    return keys


def key_named(text: str) -> str | None:
    """Textual's name of a key as people write it: ``x``, ``?``, ``ctrl+x``, ``PgUp``; None if it is none."""
    before, _, plain = text.rpartition("+") if len(text) > 1 else ("", "", text)
    if text.endswith("++"):
        before, plain = text[:-2], "+"
    modifiers = [one.strip().lower() for one in before.split("+")] if before else []
    if not set(modifiers) <= _MODIFIERS:
        return None
    if len(plain) == 1:
        if not plain.isprintable():
            return None
        if modifiers == ["shift"] and plain.isalpha():
            return plain.upper()  # what a terminal says
        plain = _ALIASES.get(plain) or _character_to_key(plain.lower() if "ctrl" in modifiers else plain)
    else:
        plain = plain.strip().lower()
        plain = _ALIASES.get(plain, plain)
        if plain not in _NAMED:
            character = key_to_character(plain)
            if character is None:
                return None
            plain = _character_to_key(character)
    ordered = [one for one in ("alt", "ctrl", "hyper", "meta", "shift", "super") if one in modifiers]
    return "+".join([*ordered, plain])


def _quoted(text: str) -> str:
    return repr(safe_text(text, _LINE))


def _meant(text: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(text[:_LINE], known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
