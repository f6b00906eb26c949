"""The frozen value that an explanation is."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

COMMON = "*"
FIRST = "A"
SECOND = "B"


class Moment(Struct, frozen=True):
    """An event of the slice: whose history it is in, and how it came about.

    ``lane`` is one of `COMMON`, `FIRST`, `SECOND`. ``by`` is the rule that orders it after the one before in
    its lane, empty for program order. ``skipped`` counts events of its history that are left out before it.
    """

    row: int
    lane: str
    at_ns: int
    who: str
    what: str
    by: str = ""
    skipped: int = 0


class Belief(Struct, frozen=True):
    """A value that an activation went by, of the event `row`; and another one.

    If it ``happened``, that is what it was in truth when the activation acted; else what it would be had the
    two events come the other way round.
    """

    component: str
    key: str
    believed: Any
    row: int
    other: Any
    happened: bool


class Explanation(Struct, frozen=True):
    """Why two events of a finding are as they are, and what would make it otherwise. Rows count from 0.

    ``common`` is the last event that both come after (None: none is known), ``moments`` the slice of the log
    that tells the story, in its order. ``missing`` is the edge that would order them and ``missing_rows`` its
    ends; both are empty where they are ``ordered``: then these are the rules that do it. ``remedies`` are
    ways to order them, the finding's own ``fix`` is one line.
    """

    rule: str
    verdict: str
    message: str
    first: int
    second: int
    first_name: str
    second_name: str
    common: int | None
    moments: tuple[Moment, ...]
    ordered: tuple[str, ...]
    missing: str
    missing_rows: tuple[int, ...]
    beliefs: tuple[Belief, ...]
    remedies: tuple[str, ...]
    fix: str
    complete: bool = True

    @property
    def rows(self) -> tuple[int, ...]:
        """The slice of the log, ascending."""
        return tuple(sorted({moment.row for moment in self.moments}))

    def lines(self, width: int = 100, *, ascii_only: bool = False) -> tuple[str, ...]:
        """What is not in the finding itself, in lines no wider than `width` (40 at least)."""
        from debugger.analysis.explain.text import Page  # noqa: PLC0415 - it needs this class

        return tuple(Page(self, width, ascii_only=ascii_only).body())

    def text(self, width: int = 100, *, ascii_only: bool = False) -> str:
        """All of it: the finding, its story, and the fix."""
        from debugger.analysis.explain.text import Page  # noqa: PLC0415 - it needs this class

        return Page(self, width, ascii_only=ascii_only).whole()
