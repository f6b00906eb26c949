"""An explanation in lines, for terminals and reports of CI."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from debugger.analysis.explain.records import COMMON, FIRST, SECOND, Belief, Explanation, Moment
from debugger.analysis.explain.words import value_words
from debugger.durations import span

_LEAST: Final = 40
_LABEL: Final = 9
_PLAIN: Final = str.maketrans({"→": ">", "…": "~", "µ": "u", "∞": "?", "·": "-", "◀": "<"})
_LANES: Final = {COMMON: "*  ", FIRST: " A ", SECOND: "  B"}


class Page:
    """Lines of one width. Nothing in them acts on a terminal: what cannot be printed is spelled out."""

    def __init__(self, of: Explanation, width: int, *, ascii_only: bool) -> None:
        self._of = of
        self._width = max(width, _LEAST)
        self._ascii = ascii_only

    def whole(self) -> str:
        """The finding, its story, and the fix."""
        of = self._of
        lines = self._filled("", f"{of.rule} [{of.verdict}]: {of.message}")
        lines += self.body()
        lines += self._filled("fix", of.fix) if of.fix else []
        return "\n".join(lines)

    def body(self) -> Iterator[str]:
        """The story alone."""
        of = self._of
        for name, row, what in ((FIRST, of.first, of.first_name), (SECOND, of.second, of.second_name)):
            yield self._cut(f"{name:{_LABEL}}{what} (event {row + 1:,})")
        yield from self._table()
        if of.ordered:
            yield from self._filled("ordered", "A comes before B: " + "; ".join(of.ordered))
        else:
            yield from self._filled("missing", of.missing)
        for belief in of.beliefs:
            yield from self._filled(*_believed(belief))
        for number, remedy in enumerate(of.remedies):
            yield from self._filled(" " if number else "to order", remedy)
        if not of.complete:
            yield from self._filled("note", "their histories are too long to find where they part")

    def _table(self) -> Iterator[str]:
        moments = self._of.moments
        if self._of.common is None:
            yield self._cut("no event is known that both come after")
        digits = max((len(f"{moment.row + 1:,}") for moment in moments), default=1)
        for moment in moments:
            if moment.skipped:
                lane = _LANES[moment.lane].replace(moment.lane, ":")
                yield self._cut(f"{'':{digits}}  {lane}  … {moment.skipped:,} more")
            yield self._cut(self._line(moment, digits, moments[0].at_ns))

    def _line(self, moment: Moment, digits: int, start: int) -> str:
        after = span(moment.at_ns - start)
        mark = "◀" if moment.row in (self._of.first, self._of.second) else " "
        by = f"  ({moment.by})" if moment.by else ""
        place = f"{moment.row + 1:{digits},}  {_LANES[moment.lane]}{mark} {after:>7}"
        return f"{place}  {moment.who} {moment.what}{by}"

    def _filled(self, label: str, words: str) -> list[str]:
        """Words under a label, as many lines as they take."""
        indent = f"{label:{_LABEL}}" if label else ""
        return wrap(
            " ".join(self._harmless(words).split()),
            self._width,
            initial_indent=indent,
            subsequent_indent=" " * len(indent),
            break_on_hyphens=False,
        )

    def _cut(self, line: str) -> str:
        line = self._harmless(line)
        ellipsis = "~" if self._ascii else "…"
        return line if len(line) <= self._width else f"{line[: self._width - 1]}{ellipsis}"

    def _harmless(self, text: str) -> str:
        if self._ascii:
            text = text.translate(_PLAIN)
        if text.isprintable() and (text.isascii() or not self._ascii):
            return text
        return "".join(map(self._spelled, text))

    def _spelled(self, char: str) -> str:
        if char.isprintable() and (char.isascii() or not self._ascii):
            return char
        return char.encode("unicode_escape", "backslashreplace").decode()


def _believed(belief: Belief) -> tuple[str, str]:
    name = f"{belief.component}.{belief.key}"
    found, other = value_words(belief.believed), value_words(belief.other)
    where = f"event {belief.row + 1:,}"
    if belief.happened:
        return "believed", f"{name} = {found} ({where}), but by then it was {other}"
    return "found", f"{name} = {found} ({where}); the other way round B finds {other}"
