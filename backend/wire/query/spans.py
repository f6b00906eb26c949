"""Where a pattern is found in a text, in time that grows with the text's length alone.

`backend.wire.query.automaton` says whether; this says from where to where. Of the places that begin first the
longest counts, as with POSIX. All ways are followed at once, each step with the earliest place that a way
to it began at.
"""

from __future__ import annotations

from typing import Final

from backend.wire.query.automaton import Automaton, Op, Side, side_of

_MOST_WORK: Final = 500_000
"""Steps that are taken for a text, all in all, before its rest counts as found: a quarter of a second."""


class SpanFinder(Automaton):
    """As `Automaton`, and finds all places."""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Starts and ends, in order; none is empty, none overlaps another.

        To find a place takes a hundred times as long as to know that there is one. Where a text takes too
        long, its rest counts as one place, unless there is none in it.
        """
        found: list[tuple[int, int]] = []
        if not self.search(text):
            return found
        left, at = _MOST_WORK, 0
        while at < len(text):
            span, work = self._next(text, at, left)
            left -= work
            if left <= 0:
                if self.search(text[max(at - 1, 0) :]):
                    found.append((at, len(text)))
                break
            if span is None:
                break
            found.append(span)
            at = span[1]
        return found

    def _next(self, text: str, begin: int, most: int) -> tuple[tuple[int, int] | None, int]:
        """The first place from `begin` on, and the work that it took; `most` of it is too much."""
        best: tuple[int, int] | None = None
        live: dict[int, int] = {}  # steps, by the place where the way to them began
        size = len(text)
        at = begin
        work = 0
        while at <= size and work < most:
            if best is None and at < size:
                live.setdefault(0, at)
            reached = self._follow(live, self._before(text, at), self._after(text, at))
            work += len(reached) + 1
            for step, start in reached.items():
                if self._code[step][0] is Op.FOUND and start < at and (best is None or start <= best[0]):
                    best = (start, at)
            if at == size:
                break
            char = text[at]
            live = {}
            for step, start in reached.items():
                matches = self._chars.get(step)
                if matches is not None and (best is None or start <= best[0]) and matches(char):
                    live[step + 1] = min(start, live.get(step + 1, start))
            at += 1
            if best is not None and not live:
                break
        return best, work

    def _follow(self, live: dict[int, int], before: Side, after: Side) -> dict[int, int]:
        """The steps that can be taken without a character, each by the earliest beginning."""
        reached: dict[int, int] = {}
        # The earliest first: what is reached once is reached by the best way.
        for step, start in sorted(live.items(), key=lambda one: one[1]):
            open_steps = [step]
            while open_steps:
                at = open_steps.pop()
                if at in reached:
                    continue
                reached[at] = start
                taken = self._code[at]
                if taken[0] is Op.SPLIT or taken[0] is Op.JUMP:
                    open_steps += taken[1:]
                elif taken[0] is Op.AT and self._is_at(taken[1], before, after):
                    open_steps.append(at + 1)
        return reached

    @staticmethod
    def _before(text: str, at: int) -> Side:
        return Side.EDGE if at == 0 else side_of(text[at - 1])

    @staticmethod
    def _after(text: str, at: int) -> Side:
        if at == len(text):
            return Side.EDGE
        if at == len(text) - 1 and text[at] == "\n":
            return Side.LAST_LINE
        return side_of(text[at])
