"""What is to be redacted: said in code, or in a file."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from backend.errors import UserError
from backend.tap.redaction.builtin import CAUSAL, GROUPS
from backend.tap.redaction.places import KEPT, Rule, rule
from backend.wire.query.regex import RegexError, compile_regex, compile_spans

ALL_GROUPS: Final = tuple(GROUPS)
_LABEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_MOST_FILE: Final = 1 << 20
_Text = Annotated[str, Meta(min_length=1, max_length=500)]


class Redaction(Struct, frozen=True, forbid_unknown_fields=True):
    """What never leaves the process: give it to `Tap` as ``redact``.

    ``builtin`` are the groups of keys and patterns that are looked for without being named (`GROUPS`).
    ``keys`` are globs of keys, in any case, or of paths: ``*password*``, ``user.name``; whatever is there is
    redacted. ``patterns`` are regular expressions by the name that stands in the place of what they find, in
    any text (no back references, no looking around: they run in linear time). ``words`` are redacted as they
    are, in any case. ``keep`` are keys and paths of which nothing is redacted. With ``distinct`` equal values
    are redacted to the same text and others to another, so that changes of a redacted state stay visible.

    Raises:
        ValueError: from the constructor: a group, key or pattern that is none; the text says which.
    """

    builtin: tuple[str, ...] = ALL_GROUPS
    keys: tuple[_Text, ...] = ()
    patterns: dict[str, _Text] = {}
    words: tuple[_Text, ...] = ()
    keep: tuple[_Text, ...] = ()
    distinct: bool = False

    def __post_init__(self) -> None:
        for group in self.builtin:
            if group not in GROUPS:
                raise ValueError(f"{group!r} is no group; there are {', '.join(ALL_GROUPS)}")
        for name, pattern in self.patterns.items():
            if not _LABEL.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a pattern: lower-case letters, digits, _ and -")
            try:
                compile_spans(pattern)
            except RegexError as error:
                raise ValueError(f"the pattern {name!r} cannot be used: {error}") from None
            if compile_regex(pattern)(""):
                raise ValueError(f"the pattern {name!r} finds nothing at all, and so everywhere")
        self.rules()

    def rules(self) -> tuple[Rule, ...]:
        """The rules of keys, those that come first win: what is kept, what was named, what is built in."""
        return (
            *(rule(KEPT, key) for key in self.keep),
            *(rule("key", key) for key in self.keys),
            *(rule(KEPT, key) for key in CAUSAL),
            *(rule(name, key) for name in self.builtin for key in GROUPS[name].keys),
        )


def load_redaction(path: str | Path) -> Redaction:
    """The ``[redact]`` table of a TOML file.

    Raises:
        UserError: it cannot be read, or is none; the text says what is wrong, and where.
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MOST_FILE).decode()
        told = tomllib.loads(text)
    except OSError as error:
        raise UserError(f"cannot read the redaction file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path} is no TOML: {error}") from None
    table = told.get("redact")
    if not isinstance(table, dict):
        raise UserError(f"{path} has no table [redact]")
    try:
        return redaction_of(table)
    except ValueError as error:
        raise UserError(f"{path}: [redact]: {error}") from None


def redaction_of(table: dict[str, Any]) -> Redaction:
    """The same of a table that was read.

    Raises:
        ValueError: as `Redaction`; also an entry that is not known.
    """
    known = Redaction.__struct_fields__
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            raise ValueError(f"{name!r} is not known{meant}")
    return msgspec.convert(table, Redaction)


def words_pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    """What finds words as they are, in any case, where no letter or digit goes on; None without words."""
    longest_first = sorted(words, key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)", re.IGNORECASE)
