"""Judges a log, and keeps account of what was told: in a process of its own, or beside the interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from debugger.analysis.findings import Finding
from debugger.analysis.judge import INTEGRITY
from debugger.analysis.online import SMALL
from debugger.analysis.ranking import Key, key_of
from debugger.analysis.rules import explain, load_rules
from debugger.analysis.told import Story
from debugger.judging.asked import Asked
from debugger.judging.judged import Judged
from debugger.log import EventLog

MOST: Final = 1_000
"""Findings that are told, the worst first; of more, only how many there are."""

_EXPLAINED: Final = 100
"""Of the worst findings the stories are made unasked, for rows may be forgotten later: some ms each."""


_OVER: Final = 20_000
"""Rows after a finding in which its two activations end, most likely."""


class Workbench:
    """`advance` judges, `news` tells what is different since it was last asked."""

    def __init__(self, log: EventLog, asked: Asked, chunks: tuple[int, int, int] = SMALL) -> None:
        self._rules = load_rules(asked.rules)
        self.online: Final = Judged(log, self._rules, asked, chunks)
        self._told: dict[Key, Finding] = {}
        self._texts: set[str] = set()
        self._explained: set[Key] = set()
        self._due: list[Key] = []

    def news(self) -> tuple[list[Finding], list[Key], dict[str, str]]:
        """Findings that are new or told anew; those that are none after all; texts of rules."""
        every = self.online.findings()
        found = {key_of(one): one for one in every[:MOST]}
        if len(every) > MOST:
            unlisted = len(every) - MOST
            more = Finding(
                "findings",
                INTEGRITY,
                "info",
                f"{unlisted:,} more findings are not listed",
                times=sum(one.times for one in every[MOST:]),
            )
            found[key_of(more)] = more
        changed = [one for key, one in found.items() if self._told.get(key) != one]
        gone = [key for key in self._told if key not in found]
        self._told = found
        worth = [one for one in every[:_EXPLAINED] if one.severity != "info" and one.verdict != INTEGRITY]
        self._due += [
            key for key in map(key_of, worth) if key not in self._explained and key not in self._due
        ]
        return changed, gone, self._new_texts(changed)

    def _is_over(self, finding: Finding) -> bool:
        """Whether its story is worth telling, and what belongs to it has come, most likely."""
        online = self.online
        over = online.complete or finding.row < online.looked_at - _OVER
        return over and finding.severity != "info" and finding.verdict != INTEGRITY

    def _new_texts(self, changed: list[Finding]) -> dict[str, str]:
        texts: dict[str, str] = {}
        for rule in {one.rule for one in changed} - self._texts:
            self._texts.add(rule)
            try:
                texts[rule] = explain(rule, self._rules)
            except KeyError:  # what is missing from a log breaks no rule
                continue
        return texts

    def ask(self, key: Key) -> None:
        """The story of a finding is wanted, before those of others."""
        self._due = [key, *(one for one in self._due if one != key)]

    @property
    def due(self) -> bool:
        """Whether there are stories to be made."""
        return bool(self._due)

    def stories(self, clock: Callable[[], int], budget_ns: int) -> list[tuple[Key, Story]]:
        """Stories that are due: one, and more for about ``budget_ns``."""
        made: list[tuple[Key, Story]] = []
        until = clock() + budget_ns
        while self._due:
            key = self._due.pop(0)
            finding = self._told.get(key)
            if finding is not None and self._is_over(finding):
                self._explained.add(key)  # else it is told once more, when more is known
            made.append((key, Story() if finding is None else self.online.story(finding)))
            if clock() >= until:
                break
        return made
