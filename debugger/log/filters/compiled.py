"""A filter ready to be asked: terms evaluated over columns, the cheap ones first."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import NONE
from debugger.log.eventlog import EventLog
from debugger.log.filters.parse import FIELDS, Kind, Term, parse
from debugger.log.filters.textsearch import Needle
from debugger.log.interner import Interner

Mask = NDArray[np.bool_]


class Predicate(Protocol):
    """A condition on rows. A richer language needs to provide no more than this."""

    def mask(self, log: EventLog, start: int, stop: int) -> Mask:
        """For each row from `start` up to `stop`, whether it holds."""
        ...


class Filter:
    """Conditions that must all hold. Made by `compile_filter`; one thread uses it at a time."""

    def __init__(self, text: str, columns: list[Predicate], texts: list[tuple[Needle, bool]]) -> None:
        self.text = text
        self._columns = columns
        self._texts = texts

    @property
    def passes_all(self) -> bool:
        """There is no condition."""
        return not self._columns and not self._texts

    def mask(self, log: EventLog, start: int = 0, stop: int | None = None) -> Mask:
        """For each row from `start` up to `stop`, as far as the log goes, whether it passes."""
        end = len(log) if stop is None else min(stop, len(log))
        start = min(max(start, 0), end)
        passed = np.ones(end - start, np.bool_)
        for predicate in self._columns:
            passed &= predicate.mask(log, start, end)
        for needle, excludes in self._texts:
            rows = np.flatnonzero(passed)
            if len(rows):
                passed[rows] = needle.rows(log, rows + start) != excludes
        return passed

    def rows(self, log: EventLog, start: int = 0, stop: int | None = None) -> NDArray[np.intp]:
        """The rows that pass, in order."""
        return np.flatnonzero(self.mask(log, start, stop)) + start


def compile_filter(text: str) -> Filter:
    """Make a filter of what was typed; an empty one passes everything.

    Raises:
        FilterError: what is wrong, where, and what was perhaps meant.
    """
    terms = parse(text)
    columns: list[Predicate] = [_predicate(term) for term in terms if term.field]
    texts = [(Needle(str(term.value)), term.excludes) for term in terms if not term.field]
    return Filter(text, columns, texts)


def _predicate(term: Term) -> Predicate:
    field = FIELDS[term.field]
    if field.kind is Kind.NAME:
        return _Names(field.column, str(term.value), literal=term.literal, excludes=term.excludes)
    return _Numbers(field.column, term.operator, int(term.value), excludes=term.excludes)


_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ":": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class _Numbers:
    """A comparison with a number. A row without one does not compare, so only an exclusion passes it."""

    def __init__(self, column: str, compare: str, value: int, *, excludes: bool) -> None:
        self._column = column
        self._compare = _COMPARE[compare]
        self._value = np.int64(value)
        self._excludes = excludes

    def mask(self, log: EventLog, start: int, stop: int) -> Mask:
        """As `Predicate.mask`."""
        values = log.column(self._column)[start:stop].astype(np.int64)
        holds: Mask = self._compare(values, self._value) & (values != NONE)
        return ~holds if self._excludes else holds


class _Names:
    """A name or glob, whatever its case; the empty literal means 'has none'.

    Matched against each name once, then looked up by number.
    """

    def __init__(self, column: str, pattern: str, *, literal: bool, excludes: bool) -> None:
        self._column = column
        self._literal_empty = literal and not pattern
        self._pattern = re.compile(_glob(pattern.lower(), literal=literal), re.DOTALL)
        self._excludes = excludes
        self._interner: Interner | None = None
        self._table: Mask = np.zeros(0, np.bool_)

    def mask(self, log: EventLog, start: int, stop: int) -> Mask:
        """As `Predicate.mask`."""
        numbers = log.column(self._column)[start:stop]
        holds: Mask = self._matched(log.interner(self._column))[numbers]
        return ~holds if self._excludes else holds

    def _matched(self, interner: Interner) -> Mask:
        """For each name's number, whether it matches."""
        if interner is not self._interner:
            self._interner, self._table = interner, np.zeros(0, np.bool_)
        if len(self._table) < len(interner):
            new = [self._matches(name) for name in interner.names_from(len(self._table))]
            self._table = np.concatenate((self._table, np.array(new, np.bool_)))
        return self._table

    def _matches(self, name: str | None) -> bool:
        if name is None:
            return self._literal_empty
        return self._pattern.fullmatch(name.lower()) is not None


def _glob(pattern: str, *, literal: bool) -> str:
    """As a regular expression: ``*`` is anything, ``?`` one character; brackets are themselves."""
    if literal:
        return re.escape(pattern)
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern)
