"""As asyncio does it, at random, or as a tape says."""

from __future__ import annotations

import random
from collections.abc import Sequence

from backend.simulation.choices import Alternative, Kind
from backend.simulation.errors import TapeMismatchError
from backend.simulation.tape import Tape


class Plain:
    """What asyncio does: first come, first run; timers on time; nothing goes wrong outside."""

    name = "plain"

    def begin(self) -> None:
        """Nothing to do."""

    def schedule(self, alternatives: Sequence[Alternative]) -> int:  # noqa: ARG002 - the protocol's
        """The oldest."""
        return 0

    def pick(self, kind: Kind, count: int) -> int:  # noqa: ARG002 - the protocol's
        """The usual."""
        return 0

    def end(self, choices: Sequence[tuple[int, int, int]]) -> None:
        """Nothing to do."""


class AtRandom:
    """Every alternative alike, by seed: a random walk. Run after run it goes on with seed + 1."""

    name = "random"

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._next_seed = seed
        self._source = random.Random()
        self._random = self._source.random

    def begin(self) -> None:
        """Begin the walk of the next seed."""
        self.seed = self._next_seed
        self._next_seed += 1
        self._source.seed(self.seed)

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        """Any of them."""
        return int(self._random() * len(alternatives))

    def pick(self, kind: Kind, count: int) -> int:  # noqa: ARG002 - the protocol's
        """Any of them."""
        return int(self._random() * count)

    def end(self, choices: Sequence[tuple[int, int, int]]) -> None:
        """Nothing to do."""


class Replay:
    """What a tape says; beyond its end, as asyncio does.

    With ``strict``, a choice that is not the tape's own, or a run that ends before the tape does, is
    refused. Without, a number too high is the last alternative: for tapes that were cut or bent, as
    shrinking does.

    Raises:
        TapeMismatchError: from the run: the program is not the one that was recorded, or not deterministic.
    """

    name = "replay"

    def __init__(self, tape: Tape, *, strict: bool = True) -> None:
        self._tape = tape.choices
        self._strict = strict
        self._at = 0

    def begin(self) -> None:
        """From the tape's beginning."""
        self._at = 0

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        """As the tape says."""
        return self._take(Kind.READY, len(alternatives))

    def pick(self, kind: Kind, count: int) -> int:
        """As the tape says."""
        return self._take(kind, count)

    def _take(self, kind: Kind, count: int) -> int:
        at = self._at
        self._at += 1
        if at >= len(self._tape):
            return 0
        recorded_kind, recorded_count, taken = self._tape[at]
        if not self._strict:
            return min(taken, count - 1)
        if recorded_kind != kind or recorded_count != count:
            raise TapeMismatchError(
                f"choice {at + 1} of the tape is {Kind(recorded_kind).name} of {recorded_count}, but the "
                f"program asks for {kind.name} of {count}: it is another program, or not deterministic"
            )
        return taken

    def end(self, choices: Sequence[tuple[int, int, int]]) -> None:
        """Refuse a run that made fewer choices than the tape has."""
        if self._strict and len(choices) < len(self._tape):
            raise TapeMismatchError(
                f"the tape has {len(self._tape)} choices, but the program ended after {len(choices)}: "
                "it is another program, or not deterministic"
            )
