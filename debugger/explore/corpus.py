"""A folder of tapes of what was found before: run first next time.

It is any folder with tapes in it, at any depth: what ``--out`` wrote is one too. A tape names its program by
itself, so files may be renamed and moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from backend.errors import UserError
from backend.scenarios import Scenario
from backend.simulation import Program, Tape, TapeError
from backend.simulation.tape import SUFFIX
from debugger.explore.saved import folder_name, writable

MOST_TAPES = 10_000
"""More are no corpus, but the wrong folder."""

_OF_A_KIND = 3


class Kept(Struct, frozen=True):
    """A tape of the corpus and where it is."""

    path: Path
    tape: Tape


class Corpus:
    """The tapes of a folder. ``notices`` are those that could not be read, a line each.

    Raises:
        UserError: the folder cannot be read, or made where there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notices: list[str] = []
        self._of: dict[str, list[Kept]] = defaultdict(list)
        self._known: set[Tape] = set()
        for path in self._files():
            try:
                tape = Tape.load(path)
            except TapeError as refused:
                self.notices.append(f"left out: {refused}")
                continue
            self._remember(Kept(path, tape))

    def __len__(self) -> int:
        """Number of tapes."""
        return len(self._known)

    def of(self, program: Program) -> tuple[tuple[Kept, ...], tuple[str, ...]]:
        """The tapes of a program that can be played now; and one line about those that cannot."""
        fit, stale = [], []
        for kept in self._of[program.name]:
            try:
                kept.tape.check(program)
                fit.append(kept)
            except TapeError as refused:
                stale.append((kept.path.name, str(refused)))
        return tuple(fit), tuple(_told_once(stale))

    def keep(self, scenario: Scenario, variant: str, rule: str, tape: Tape) -> Path | None:
        """Write a tape into the folder; None where it is there already.

        Takes away tapes for the same rule that are of an older version of the program, on this Python.

        Raises:
            UserError: it cannot be written.
        """
        if _mark(tape) in self._known:
            return None
        writable(self.folder)
        name = folder_name(scenario.name, variant, rule)
        digest = blake2b(_mark(tape).encode(), digest_size=4).hexdigest()
        path = self.folder / f"{name}-{digest}{SUFFIX}"
        try:
            tape.save(path)
        except TapeError as error:
            raise UserError(str(error)) from None
        self._drop_outdated(name, tape)
        self._remember(Kept(path, tape))
        return path

    def _drop_outdated(self, name: str, tape: Tape) -> None:
        for kept in tuple(self._of[tape.program.name]):
            older = kept.tape.program.code != tape.program.code and kept.tape.python == tape.python
            ours = kept.path.parent == self.folder and kept.path.stem.rpartition("-")[0] == name
            if older and ours:
                kept.path.unlink(missing_ok=True)
                self._of[tape.program.name].remove(kept)

    def _remember(self, kept: Kept) -> None:
        if _mark(kept.tape) not in self._known:
            self._known.add(_mark(kept.tape))
            self._of[kept.tape.program.name].append(kept)

    def _files(self) -> list[Path]:
        try:
            if not self.folder.exists():
                self.folder.mkdir(parents=True)
                return []
            found = sorted(self.folder.rglob(f"*{SUFFIX}"))
        except OSError as error:
            raise UserError(f"the corpus {self.folder} cannot be read: {error.strerror or error}") from None
        if not self.folder.is_dir():
            raise UserError(f"the corpus {self.folder} is no folder")
        if len(found) > MOST_TAPES:
            raise UserError(f"{self.folder} has {len(found):,} tapes; a corpus has {MOST_TAPES:,} at most")
        return found


def _mark(tape: Tape) -> Tape:
    """What makes two tapes the same: not who found them."""
    return replace(tape.cut(), strategy="")


def _told_once(stale: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Tapes that are refused for one reason, in one line."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, reason in stale:
        names[reason].append(name)
    for reason, those in names.items():
        shown = ", ".join(those[:_OF_A_KIND])
        more = f" and {len(those) - _OF_A_KIND} more" if len(those) > _OF_A_KIND else ""
        yield f"left out {shown}{more}: {reason}"
