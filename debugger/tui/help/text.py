"""What the help says: the keys in force in their groups, the signs of each pane, the query language."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from rich.style import Style
from rich.text import Text

from backend.events import Family
from debugger.tui import palette
from debugger.tui.events.model import GLYPHS
from debugger.tui.help.legend import LEGENDS
from debugger.tui.keys.key import Key, Where
from debugger.tui.palette import ink
from debugger.tui.text import width_of

_INDENT: Final = 2
_KEYS: Final = 18  # cells for the keys of a row
_LEAST_ABOUT: Final = 24  # for what they do; with less, it has lines of its own
_LEAST_WORDS: Final = 12

QUERY: Final = (
    ("component = overseer and turn = 4", "fields and values; and, or, not, ( )"),
    ("message:TTS_*", "a name with * and ?"),
    ("message ~ /chunk|audio/i", "a regular expression; !~ for what has none"),
    ("data.index > 3", "payloads, to any depth; state.queue.size for snapshots"),
    ("severity in (warning, error)", "one of several; not in for none of them"),
    ("duration > 20ms", "durations: ns, us, ms, s, min, h"),
    ("has data.text", "what has the field at all"),
    ('"a phrase"', "text anywhere in the event"),
    ("-PARTIAL_TRANSCRIPT", "without what has it"),
)


def help_text(
    rows: Sequence[Key], first: Sequence[Where] = (), *, words: bool = False, width: int = 86, only: str = ""
) -> Text:
    """The help for `rows`, the groups `first` before the others, in lines of ``width`` cells.

    ``only`` leaves the lines that have this word; ``words`` names the keys in ASCII.
    """
    text = Text()
    wanted = only.strip().casefold()
    for where in dict.fromkeys((*first, *(row.where for row in rows))):
        group = [row for row in rows if row.where is where]
        _add_group(text, where.value, _key_lines(group, words=words), wanted, width)
        if where in LEGENDS:
            title, legend = LEGENDS[where]
            _add_group(text, title, legend(), wanted, width)
    _add_group(text, "Message families", _families(), wanted, width)
    _add_group(text, "What happened", _happened(), wanted, width)
    _add_group(text, "Queries", [(one, about, ink.bold) for one, about in QUERY], wanted, width)
    if not text:
        text.append(f"nothing here has {only.strip()!r} in it", ink.dim)
    return text


def _key_lines(rows: Collection[Key], *, words: bool) -> list[tuple[str, str, Style]]:
    return [(row.shown_as(words=words), row.about, ink.bold) for row in rows]


def _families() -> list[tuple[str, str, Style]]:
    return [(palette.LOOKS[one].letter, palette.LOOKS[one].about, ink.families[one]) for one in Family]


def _happened() -> list[tuple[str, str, Style]]:
    return [(glyph, kind.replace("_", " "), ink.bold) for kind, glyph in GLYPHS.items()]


def _add_group(
    text: Text, title: str, lines: Sequence[tuple[str, str, Style]], wanted: str, width: int
) -> None:
    """Lines that have the wanted word; all of them where the title has it."""
    named = wanted in title.casefold()
    kept = [line for line in lines if named or wanted in f"{line[0]} {line[1]}".casefold()]
    if not kept:
        return
    text.append(f"{title}\n", ink.key)
    column = max(_KEYS, *(width_of(keys) + 2 for keys, _, _ in kept))
    narrow = width - _INDENT - column < _LEAST_ABOUT
    for keys, about, style in kept:
        text.append(" " * _INDENT + keys, style)
        if narrow:  # on lines of its own
            indent = 2 * _INDENT
            text.append("\n" + " " * indent)
        else:
            indent = _INDENT + column
            text.append(" " * (column - width_of(keys)))
        text.append(f"{_wrapped(about, max(width - indent, _LEAST_WORDS), indent)}\n", ink.plain)
    text.append("\n")


def _wrapped(about: str, width: int, indent: int) -> str:
    """`about` in lines of ``width``, the later ones under the first; a longer word stays whole."""
    lines = [""]
    for word in about.split():
        if lines[-1] and width_of(lines[-1]) + 1 + width_of(word) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return ("\n" + " " * indent).join(lines)
