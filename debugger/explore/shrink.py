"""From a schedule that fails to the fewest departures from asyncio's own order that fail alike.

Delta debugging (Zeller and Hildebrandt, 'Simplifying and isolating failure-inducing input', IEEE TSE 28(2),
2002) over the choices that are not 0. A tape that was bent is played leniently and recorded anew: what is
left is never bent, and neither has it more departures than before, since a number too high becomes the
last alternative, and never a 0. So each step makes the tape less, in this order: fewer departures, smaller
numbers, a shorter tape; and the search ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from backend.scenarios import Play, Played
from backend.simulation import AtRandom, Settings, Tape

MOST_RUNS = 1_000
"""Of one tape. A run of a scenario and its judging take some milliseconds."""

_SEARCHED_FOR_A_GOOD_ONE = 30
_SUFFIX = ", shrunk"

Keeps = Callable[[Played], bool]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left. ``tape`` can be replayed strictly, and ``played`` is the run that it makes.

    ``least`` says that no single departure can be taken away: all were tried. Otherwise the bound of
    ``runs`` came first, and the tape is only smaller.
    """

    tape: Tape
    played: Played
    runs: int
    least: bool


class NotReproducedError(Exception):
    """The tape does not do what is to be kept."""


def shrink(
    play: Play,
    tape: Tape,
    keeps: Keeps,
    *,
    most_runs: int = MOST_RUNS,
    on_run: Callable[[int], None] | None = None,
) -> Shrunk:
    """The least tape whose run still has what ``keeps`` looks for. By the same tape always the same.

    Raises:
        NotReproducedError: the tape's own run has it not.
        TapeError: the tape is of another program, or of another version of it.
    """
    return _Shrinking(play, tape, keeps, most_runs, on_run).done()


def nearest_passing(
    play: Play, tape: Tape, passes: Keeps, *, most_runs: int = MOST_RUNS
) -> tuple[Tape, Played] | None:
    """The schedule that passes and is nearest to one that fails and was shrunk; None if none was found.

    That is the tape without its last departure, else without another one, else the plain schedule; where
    that fails too, a random one that passes, shrunk.
    """
    numbers = [number for number, choice in enumerate(tape.choices) if choice[2]]
    for number in reversed(numbers):
        played = play.replay(_with(tape, {number: 0}), strict=False)
        if passes(played):
            return _named(played, tape), played
    plain = play.replay(replace(tape, choices=()), strict=False)
    if passes(plain):
        return _named(plain, tape), plain
    for seed in range(_SEARCHED_FOR_A_GOOD_ONE):
        played = play.run(AtRandom(seed), seed=tape.seed)
        if passes(played):
            shrunk = shrink(play, played.run.tape, passes, most_runs=most_runs)
            return shrunk.tape, shrunk.played
    return None


class _BoundReachedError(Exception):
    """As many runs as allowed."""


class _Shrinking:
    def __init__(
        self, play: Play, tape: Tape, keeps: Keeps, most_runs: int, on_run: Callable[[int], None] | None
    ) -> None:
        self._play = play
        self._keeps = keeps
        self._most_runs = most_runs
        self._on_run = on_run
        self._runs = 0
        self._refuted: set[tuple[Settings, tuple[tuple[int, int], ...]]] = set()
        tape.check(play.program)
        self._given = tape
        self._tape = tape
        played = self._run(tape)
        if played is None:
            raise NotReproducedError("the tape does not fail as it is said to")
        self._tape, self._played = _named(played, tape), played

    def done(self) -> Shrunk:
        try:
            self._shrink()
            least = True
        except _BoundReachedError:
            least = False
        return Shrunk(self._tape, self._played, self._runs, least)

    def _shrink(self) -> None:
        usual = self._play.scenario.settings
        if self._tape.settings != usual:
            self._try(replace(self._tape, settings=usual))
        self._cut_short()
        while True:
            before = self._size
            self._take_away()
            self._lower()
            if self._size == before:
                return

    # --- the three ways ------------------------------------------------------------

    def _cut_short(self) -> None:
        """Plain from somewhere on: most tapes go on choosing long after all was lost."""
        low, high = 0, len(self._at)
        while low < high:
            middle = (low + high) // 2
            if self._try(self._without(self._at[middle:])):
                high = min(middle, len(self._at))
            else:
                low = middle + 1

    def _take_away(self) -> None:
        """Halves, quarters, … and last each one alone, until none can be spared. Late ones first.

        What is early moves all that comes later, and so is tried when little does.
        """
        size = max(len(self._at) // 2, 1)
        while self._at:
            spared = False
            end = len(self._at)
            while end > 0:
                spared |= self._try(self._without(self._at[max(end - size, 0) : end]))
                end = min(end - size, len(self._at))
            if size > 1:
                size = size // 2
            elif not spared:
                return

    def _lower(self) -> None:
        """The smallest number at each departure that still does."""
        for number in reversed(self._at):
            taken = self._taken(number)
            for lower in _lower_ones(taken):
                if self._try(_with(self._tape, {number: lower})):
                    break

    # --- the tape -------------------------------------------------------------------

    @property
    def _at(self) -> list[int]:
        """Where it departs."""
        return [number for number, choice in enumerate(self._tape.choices) if choice[2]]

    def _taken(self, number: int) -> int:
        choices = self._tape.choices
        return choices[number][2] if number < len(choices) else 0

    @property
    def _size(self) -> tuple[int, int, int]:
        return _size(self._tape)

    def _without(self, numbers: Iterable[int]) -> Tape:
        return _with(self._tape, dict.fromkeys(numbers, 0))

    def _try(self, tape: Tape) -> bool:
        """Whether it does as well; then it is the tape to go on with."""
        mark = (tape.settings, tuple(_departures(tape)))
        if mark in self._refuted:
            return False
        played = self._run(tape)
        if played is not None:
            found = _named(played, self._given)
            if _size(found) < self._size or found.settings != self._tape.settings:
                self._tape, self._played = found, played
                return True
        self._refuted.add(mark)
        return False

    def _run(self, tape: Tape) -> Played | None:
        if self._runs >= self._most_runs:
            raise _BoundReachedError
        self._runs += 1
        if self._on_run is not None:
            self._on_run(self._runs)
        played = self._play.replay(tape, strict=False)
        return played if self._keeps(played) else None


def _lower_ones(taken: int) -> Iterator[int]:
    """1, 2, 4, … and last the one below."""
    lower = 1
    while lower < taken - 1:
        yield lower
        lower *= 2
    if taken > 1:
        yield taken - 1


def _with(tape: Tape, taken: dict[int, int]) -> Tape:
    choices = tuple(
        (kind, count, taken.get(number, was)) for number, (kind, count, was) in enumerate(tape.choices)
    )
    return replace(tape, choices=choices)


def _departures(tape: Tape) -> Iterator[tuple[int, int]]:
    return ((number, choice[2]) for number, choice in enumerate(tape.choices) if choice[2])


def _size(tape: Tape) -> tuple[int, int, int]:
    departures = [choice[2] for choice in tape.choices if choice[2]]
    return len(departures), sum(departures), len(tape.cut().choices)


def _named(played: Played, given: Tape) -> Tape:
    """The run's own tape, without its plain end, and with who found it first."""
    return replace(played.run.tape.cut(), strategy=given.strategy.removesuffix(_SUFFIX) + _SUFFIX)
