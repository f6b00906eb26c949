"""Regular expressions that cannot hang: each character of a text is looked at once.

`re` has no time limit, and goes back and tries again: ``(a+)+b`` on thirty letters takes minutes.
So a pattern is checked by `re`, then run as an automaton, whose time grows with the length
of the text alone. What no automaton can do (back references, looking around) is refused,
as is a pattern that is too large.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from backend.wire.query.automaton import Automaton, Code, Op
from backend.wire.query.spans import SpanFinder

LONGEST: Final = 500
LARGEST: Final = 400
"""Steps that a pattern may have once its repetitions are written out."""

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_MANY: Final = -1


class _Char(NamedTuple):
    """A character that an expression of its own matches."""

    text: str


class _At(NamedTuple):
    """A place, by its sign."""

    sign: str


class _All(NamedTuple):
    """One after the other."""

    parts: list[_Part]


class _Any(NamedTuple):
    """One of several."""

    ways: list[_Part]


class _Times(NamedTuple):
    """Again and again."""

    part: _Part
    low: int
    high: int


_Part: TypeAlias = _Char | _At | _All | _Any | _Times


class RegexError(ValueError):
    """A pattern that cannot be used: why, and at which character of it."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def compile_regex(pattern: str, flags: str = "") -> Callable[[str], bool]:
    """What says whether a pattern is found anywhere in a text. ``flags``: letters of ``ims``.

    Raises:
        RegexError: the pattern is wrong, or is one that only going back could run.
    """
    if len(pattern) > LONGEST:
        raise RegexError(f"a regular expression has {LONGEST} characters at most", LONGEST)
    wrong = [flag for flag in flags.lower() if flag not in _FLAGS]
    if wrong:
        raise RegexError(f"{wrong[0]!r} is no flag; there are i, m and s", len(pattern) + 1)
    wanted = re.RegexFlag(0)
    for flag in flags.lower():
        wanted |= _FLAGS[flag]
    try:
        return _compiled(pattern, wanted)
    except (re.error, OverflowError) as error:
        raise RegexError(f"no regular expression: {error}", getattr(error, "pos", None) or 0) from None
    except RecursionError:
        raise RegexError("the regular expression is nested too deeply", 0) from None


def compile_spans(pattern: str, flags: str = "") -> Callable[[str], list[tuple[int, int]]]:
    """What says where a pattern is found in a text: starts and ends, in order, none empty.

    Raises:
        RegexError: as `compile_regex`.
    """
    compile_regex(pattern, flags)  # says what is wrong with it
    wanted = re.RegexFlag(0)
    for flag in flags.lower():
        wanted |= _FLAGS[flag]
    parser = _Parser(pattern)
    code: Code = []
    _write(parser.whole(), code)
    code.append((Op.FOUND,))
    return SpanFinder(code, wanted | parser.flags).spans


def _compiled(pattern: str, wanted: re.RegexFlag) -> Callable[[str], bool]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sets that may mean something else one day
        checked = re.compile(pattern, wanted)
    parser = _Parser(pattern)
    part = parser.whole()
    wanted |= parser.flags
    if not parser.repeats:
        return lambda text: checked.search(text) is not None  # without repetitions `re` does not go far back
    if _size(part) > LARGEST:
        raise RegexError("the repetitions make the regular expression too large", 0)
    code: Code = []
    _write(part, code)
    code.append((Op.FOUND,))
    return Automaton(code, wanted).search


_ESCAPE: Final = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|.)", re.DOTALL
)
_SET: Final = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_REPEAT: Final = re.compile(r"(?:[*+?]|\{(?!\})(\d*)(,?)(\d*)\})")
_GROUP: Final = re.compile(r"\((?:\?:|\?P<\w+>)?(?!\?)")
_COMMENT: Final = re.compile(r"\(\?#[^)]*\)")
_LEADING_FLAGS: Final = re.compile(r"\(\?([ims]+)\)")
_SIGNS: Final = {"*": (0, _MANY), "+": (1, _MANY), "?": (0, 1)}
_PLACES: Final = frozenset({r"\b", r"\B", r"\A", r"\Z"})


class _Parser:
    """Takes a pattern apart that `re` takes too; what a character matches is left to `re`."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self.repeats = False
        self.flags = re.RegexFlag(0)

    def whole(self) -> _Part:
        found = _LEADING_FLAGS.match(self._pattern)
        if found is not None:
            self._at = found.end()
            for flag in found[1]:
                self.flags |= _FLAGS[flag]
        return self._choice()

    def _choice(self) -> _Part:
        ways = [self._sequence()]
        while self._pattern.startswith("|", self._at):
            self._at += 1
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else _Any(ways)

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            comment = _COMMENT.match(self._pattern, self._at)
            if comment is not None:
                self._at = comment.end()
                continue
            parts.append(self._repeated(self._atom()))
        return _All(parts)

    def _repeated(self, part: _Part) -> _Part:
        found = _REPEAT.match(self._pattern, self._at)
        if found is None:
            return part
        self.repeats = True
        self._at = found.end()
        if found[0] in _SIGNS:
            low, high = _SIGNS[found[0]]
        else:
            low = int(found[1] or 0)
            high = (int(found[3]) if found[3] else _MANY) if found[2] else low
        following = self._pattern[self._at : self._at + 1]
        if following == "+":
            raise self._refused("a possessive repetition")
        self._at += following == "?"  # whether it takes much or little: it is found or not
        return _Times(part, low, high)

    def _atom(self) -> _Part:
        pattern, at = self._pattern, self._at
        char = pattern[at]
        if char == "(":
            return self._in_group()
        if char == "[":
            return self._char(_SET)
        if char == "\\":
            if pattern[at + 1].isdigit() and pattern[at + 1] != "0":
                raise self._refused("a back reference")
            if pattern[at : at + 2] in _PLACES:
                self._at += 2
                return _At(pattern[at : at + 2])
            return self._char(_ESCAPE)
        self._at += 1
        return _At(char) if char in "^$" else _Char(char if char == "." else re.escape(char))

    def _char(self, shape: re.Pattern[str]) -> _Part:
        found = shape.match(self._pattern, self._at)
        if found is None:
            raise self._refused("this")
        self._at = found.end()
        return _Char(found[0])

    def _in_group(self) -> _Part:
        found = _GROUP.match(self._pattern, self._at)
        if found is None:
            raise self._refused("looking around, or a flag or condition within the pattern")
        self._at = found.end()
        part = self._choice()
        self._at += 1
        return part

    def _refused(self, what: str) -> RegexError:
        return RegexError(f"{what} could take any time, and is not allowed here", self._at)


def _size(part: _Part) -> int:
    """The steps of a part; of nothing, one, so that nothing a million times is too much."""
    match part:
        case _All(parts):
            return sum(map(_size, parts)) or 1
        case _Any(ways):
            return sum(map(_size, ways)) + 2 * len(ways)
        case _Times(inner, low, high):
            again = _size(inner) + 2 if high == _MANY else (high - low) * (_size(inner) + 1)
            return low * _size(inner) + again or 1
    return 1


def _write(part: _Part, code: Code) -> None:
    """Add the steps of a part to a program."""
    match part:
        case _Char(text):
            code.append((Op.CHAR, text))
        case _At(sign):
            code.append((Op.AT, sign))
        case _All(parts):
            for one in parts:
                _write(one, code)
        case _Any(parts):
            _write_ways(parts, code)
        case _Times(inner, low, high):
            _write_times(inner, low, high, code)


def _write_times(part: _Part, low: int, high: int, code: Code) -> None:
    for _ in range(low):
        _write(part, code)
    splits: list[int] = []
    for _ in range(1 if high == _MANY else high - low):
        splits.append(len(code))
        code.append((Op.SPLIT, 0, 0))
        _write(part, code)
    if high == _MANY:
        code.append((Op.JUMP, splits[0]))
    for split in splits:
        code[split] = (Op.SPLIT, split + 1, len(code))


def _write_ways(ways: list[_Part], code: Code) -> None:
    jumps: list[int] = []
    for way in ways[:-1]:
        split = len(code)
        code.append((Op.SPLIT, 0, 0))
        _write(way, code)
        jumps.append(len(code))
        code.append((Op.JUMP, 0))
        code[split] = (Op.SPLIT, split + 1, len(code))
    _write(ways[-1], code)
    for jump in jumps:
        code[jump] = (Op.JUMP, len(code))
