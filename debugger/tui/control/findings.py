"""Breaking on a finding: the debugger judges what it hears, so this comes after the fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from debugger.analysis.ranking import key_of

if TYPE_CHECKING:
    from debugger.judging import Judging
    from debugger.tui.control.model import Control


class FindingBreak:
    """Watches what the judge finds; a new violation pauses the bus, which has gone on since."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._judging: Judging | None = None
        self._known: set[object] = set()
        self._looked_at: object = None
        self.hits = 0

    @property
    def armed(self) -> bool:
        """Whether it pauses."""
        return self._judging is not None

    def toggle(self, judging: Judging | None) -> None:
        """Begin to watch, or end; says which."""
        say = self._control.speaker.say
        if self._judging is not None:
            self.disarm()
            say("findings no longer pause the bus")
        elif judging is None:
            say("nobody judges here, so nothing is found", bad=True)
        else:
            self._judging, self.hits = judging, 0
            self._known = set(_violations(judging))
            self._looked_at = judging.found.all
            say("a new violation pauses the bus, after the fact: the debugger finds it in what it hears")
            self._control.take()
        self._control.news += 1

    def disarm(self) -> None:
        """Watch no more."""
        self._judging = None

    def look(self) -> None:
        """Called some ten times a second."""
        judging = self._judging
        if judging is None or judging.found.all is self._looked_at:
            return
        self._looked_at = judging.found.all
        new = {key: told for key, told in _violations(judging).items() if key not in self._known}
        self._known |= new.keys()
        if new and self._control.ours:
            self.hits += len(new)
            told = next(iter(new.values()))
            self._control.pause(f"found after the fact: {told}"[:500])


def _violations(judging: Judging) -> dict[object, str]:
    """Errors by their keys. Warnings are left out: what is held is slow, and the rules say so."""
    return {
        key_of(one): f"{one.rule}: {one.message}"
        for one in judging.found.all
        if (one.verdict, one.severity) == ("violation", "error") and not one.suppressed
    }
