"""The log, judged in small slices by whoever looks at it: where there is no other process to be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from debugger.analysis.ranking import Key
from debugger.analysis.told import Story
from debugger.judging.asked import Asked
from debugger.judging.found import Found
from debugger.log import EventLog

if TYPE_CHECKING:
    from debugger.judging.workbench import Workbench

_SHARE = 2  # of the time for judging, so much is left for telling


class Here:
    """As `Elsewhere`. What goes wrong in it is `trouble`, and nobody else's."""

    def __init__(self, log: EventLog, asked: Asked, found: Found | None = None) -> None:
        self.found = found or Found()
        self.upto = 0
        self.whole = False
        self.skipped = self.unread = 0
        self.trouble = ""
        self._log = log
        self._asked = asked
        self._wants_whole = False
        self._bench: Workbench | None = None
        self._untold = True
        self._news: list[str] = []

    def finish(self, whole: bool) -> None:
        """Whether the log is all there, as far as anybody knows."""
        self._wants_whole = whole

    def story(self, key: Key) -> Story | None:
        """The story of a finding; None if it is not there yet: it was asked for."""
        story = self.found.stories.get(key)
        if story is None and self._bench is not None:
            self._bench.ask(key)
        return story

    def news(self) -> list[str]:
        """What is to be said, a line each; once."""
        news, self._news = self._news, []
        return news

    def stop(self) -> None:
        """There is nothing to end."""

    @property
    def _due(self) -> bool:
        return self._bench is not None and self._bench.due

    def finish_all(self) -> None:
        """Judge all there is at once: for who has no screen to keep up to date."""
        self.finish(True)
        while len(self._log) and not self.trouble:
            if not self.advance(_no_clock, 0) and self.whole and not self._due:
                break

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Judge for about ``budget_ns`` of `clock`; whether there is anything new."""
        if self.trouble or not len(self._log):
            return False
        try:
            return self._advance(clock, budget_ns)
        except Exception as error:  # noqa: BLE001 - the interface goes on, and says so
            told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self.trouble = f"judging stopped at event {self.upto + 1:,}: {told}"
            self._news.append(self.trouble)
            return True

    def _advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        if self._bench is None:
            from debugger.judging.workbench import Workbench  # noqa: PLC0415 - only where it is needed

            self._bench = Workbench(self._log, self._asked)
        bench, online = self._bench, self._bench.online
        if online.advance(clock, budget_ns // _SHARE):
            self._untold, self.whole = True, False
        elif self._wants_whole and not self.whole:
            self._untold = self.whole = online.finish()
        moved, self.upto = self.upto != online.looked_at, online.looked_at
        changed = False
        if self._untold:
            self._untold = False
            found, gone, texts = bench.news()
            self.found.texts |= texts
            changed = self.found.change(found, gone)
        stories = bench.stories(clock, budget_ns // _SHARE)
        self.found.stories.update(stories)
        return changed or moved or bool(stories)


def _no_clock() -> int:
    return 0
