"""Which language a query is written in: SQL, or that of the debugger's filter."""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(r"--[^\n]*(\n|$)|/\*.*?\*/", re.DOTALL)

# The words that statements begin with, with as much after them as no filter has: 'delete' alone,
# or 'update component:overseer', look for a word in events.
_STATEMENTS: Final = re.compile(
    r"""(
      select\s*\S | with\s+(recursive\s+)?["\w]+\s*(\([^)]*\)\s*)?as\b | from\s+(events\b|\(|read_|["'])
    | values\s*\( | (describe|desc|summarize|table)\s+["\w]+\s*;?\s*$ | (describe|summarize)\s+(select|from)\b
    | show\s+(all\s+)?(tables|events|databases|schemas)\b | explain\s+(analyze\s+)?[(\w]+\s | (un)?pivot\s+\S
    | insert\s+(or\s+\w+\s+)?into\b | update\s+["\w.]+\s+set\b | delete\s+from\b | merge\s+into\b
    | truncate\s+\w | (create|alter|drop)\s+(or\s+replace\s+)?(temp\w*\s+)?[a-z]+\s+["\w]
    | copy\s*(\(|["\w.]+.*\b(to|from)\b) | (export|import)\s+database\b | (attach|detach)\s+["'\w]
    | (force\s+)?install\s+["'\w]+ | load\s+('[^']*'|[\w.]+)\s*;?\s*$
    | (set|reset)\s+\w+(\s*=|\s+to\b|\s*;?\s*$)
    | (set|reset)\s+(global|session|local|variable)\s | use\s+["\w.]+\s*;?\s*$ | call\s+\w+\s*\( | pragma\s+\w
    | prepare\s+\w+.*\bas\b | begin\s+transaction\b | comment\s+on\b
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_NEARLY: Final = re.compile(
    r"\w+\b.*\bfrom\s+events\b|[a-z]{5,7}\s+(\*|count\s*\()", re.IGNORECASE | re.DOTALL
)


def is_sql(text: str) -> bool:
    """Whether a query is SQL: it begins as a statement does, or has ``FROM events`` in it.

    What begins with a quote is looked for: ``'"select a voice"'`` is a filter.
    """
    rest = _COMMENT.sub(" ", text).lstrip(" \t\r\n(")
    return bool(_STATEMENTS.match(rest) or _NEARLY.match(rest))
