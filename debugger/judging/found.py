"""What was found so far, wherever it was."""

from __future__ import annotations

from collections.abc import Iterable

from debugger.analysis.findings import Finding
from debugger.analysis.ranking import Key, key_of, rank
from debugger.analysis.told import Story


class Found:
    """Findings by their keys. `all` has the worst first, and is the same value while nothing is different."""

    def __init__(self) -> None:
        self.all: tuple[Finding, ...] = ()
        self.texts: dict[str, str] = {}
        """What each rule that was broken says, as ``check --explain`` prints it."""
        self.stories: dict[Key, Story] = {}
        self._by_key: dict[Key, Finding] = {}

    def change(self, changed: Iterable[Finding], gone: Iterable[Key]) -> bool:
        """Findings that are new or told anew, and those that are none after all; whether any is."""
        before = len(self._by_key)
        known = self._by_key
        vanished = [known.pop(key, None) for key in gone]
        told = {key_of(finding): finding for finding in changed}
        if not told and not any(vanished):
            return False
        known.update(told)
        self.all = tuple(sorted(known.values(), key=rank))
        return bool(told) or len(known) != before

    @property
    def keys(self) -> frozenset[Key]:
        """Those of all findings."""
        return frozenset(self._by_key)
