"""What DuckDB says of a mistake, in one line: where, what, and what was meant."""

from __future__ import annotations

import difflib
import re
from typing import Final

_LINE: Final = re.compile(r"\nLINE (\d+): ([^\n]*)\n( *)\^")
_KIND: Final = re.compile(r"^(?:[A-Z][A-Za-z]+ )+Error: ")
_NEAR: Final = re.compile(r'at or near "([^"]*)"')
_MEANT: Final = re.compile(r'Did you mean "([^"]+)"')
_CANDIDATES: Final = re.compile(r"Candidate bindings: ([^\n]+)")
_MISSING: Final = re.compile(r'(?:column|name) "?([\w.]+)"? (?:not found|does not exist)')
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_ELIDED: Final = "..."
_NEAR_ENOUGH: Final = 0.6

_KEYWORDS: Final = (
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "GROUP",
        "ORDER",
        "BY",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "JOIN",
        "LEFT",
        "INNER",
    ),
    *(
        "DISTINCT",
        "UNION",
        "INTERVAL",
        "BETWEEN",
        "AND",
        "NOT",
        "NULL",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
    ),
    *("DESCRIBE", "SUMMARIZE", "EXPLAIN", "VALUES", "WITH", "QUALIFY", "WINDOW", "OVER", "PARTITION", "DESC"),
)


def in_one_line(message: str, sql: str) -> str:
    """``SQL line 1, column 8: column "typ" not found; did you mean "type"?``."""
    what = _KIND.sub("", message.split("\n", 1)[0]).strip()
    line, column = _place(message, sql)
    if message.startswith("Permission Error"):
        what = f"{what.partition(' - ')[0]}: refused, query reads only what is named as PATH"
    elif message.startswith("Out of Memory"):
        what = f"{what}; ask for less at once"
    what = what.rstrip("!. ")
    meant = _meant(message, sql, line, column)
    place = f"SQL line {line}, column {column}" if line else "SQL"
    return f"{place}: {what}{meant}"


def _place(message: str, sql: str) -> tuple[int, int]:
    """Line and column from 1 of the mistake; zeros if DuckDB does not say."""
    found = _LINE.search(message)
    if found is None:
        return 0, 0
    number, shown = int(found[1]), found[2]
    column = len(found[3]) - len(f"LINE {number}: ") + 1
    lines = sql.split("\n")
    if shown.startswith(_ELIDED) and number <= len(lines):  # a long line is shown from its middle on
        inside = shown.removeprefix(_ELIDED).removesuffix(_ELIDED)
        at = lines[number - 1].find(inside)
        if at >= 0:
            column += at - len(_ELIDED)
    return number, max(column, 1)


def _meant(message: str, sql: str, line: int, column: int) -> str:
    near = _NEAR.search(message)
    if near is not None:
        return _keyword(near[1], sql, line, column)
    missing, candidates = _MISSING.search(message), _CANDIDATES.search(message)
    names = re.findall(r'"([^"]+)"', candidates[1]) if candidates else _MEANT.findall(message)
    if missing is not None and names:
        close = difflib.get_close_matches(missing[1], names, 1, _NEAR_ENOUGH)
        names = close or ([] if candidates else names)
        if not names:
            return "; DESCRIBE events shows what there is"
    return f'; did you mean "{names[0]}"?' if names else ""


def _keyword(token: str, sql: str, line: int, column: int) -> str:
    """Of a syntax error the word that is nearly a keyword: the one at the place, or the one before it."""
    lines = sql.split("\n")
    before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]]) if line else sql
    words = [token, *reversed(_WORD.findall(before)[-2:])]
    for word in words:
        if word.upper() in _KEYWORDS:
            continue
        close = difflib.get_close_matches(word.upper(), _KEYWORDS, 1, 0.7)
        if close:
            return f'; did you mean {close[0]} instead of "{word}"?'
    return ""
