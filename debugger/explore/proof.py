"""What a search found, made small and told: the least schedule, its passing twin, and where the two part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from msgspec import Struct

from backend.scenarios import Play, Played, Scenario
from backend.simulation import Tape
from debugger.analysis.diff import compare, label_of
from debugger.explore.departures import Departure, departures_of
from debugger.explore.oracle import Oracle, judged, log_of
from debugger.explore.shrink import MOST_RUNS, nearest_passing, shrink
from debugger.explore.trials import silence
from debugger.explore.verdicts import Found


class Proof(Struct, frozen=True):
    """A failure of a scenario's variant, and all that proves it.

    ``bad`` is the recording of ``tape``, ``good`` of ``good_tape``, the nearest schedule that passes (None
    where none was found). ``least`` as `Shrunk` has it. ``parting`` are lines: where good and bad part.
    """

    scenario: str
    variant: str
    found: Found
    tape: Tape
    bad: bytes
    good_tape: Tape | None
    good: bytes | None
    departures: tuple[Departure, ...]
    parting: tuple[str, ...]
    runs: int
    least: bool


def prove(
    scenario: Scenario,
    variant: str,
    tape: Tape,
    found: Found,
    oracle: Oracle,
    *,
    most_runs: int = MOST_RUNS,
    on_run: Callable[[int], None] | None = None,
) -> Proof:
    """Shrink a tape that fails as ``found`` says, and find the nearest schedule that passes.

    Raises:
        NotReproducedError: the tape does not fail so.
        TapeError: it is of another program, or of another version of it.
    """
    play = Play(scenario, variant)

    def fails(played: Played) -> bool:
        return any(one.signature == found.signature for one in judged(played, oracle))

    def passes(played: Played) -> bool:
        return not judged(played, oracle)

    with silence():
        shrunk = shrink(play, tape, fails, most_runs=most_runs, on_run=on_run)
        told = next(one for one in judged(shrunk.played, oracle) if one.signature == found.signature)
        near = Play(dataclasses.replace(scenario, settings=shrunk.tape.settings), variant)
        good = nearest_passing(near, shrunk.tape, passes, most_runs=most_runs)
        departures = departures_of(play, shrunk.tape)
    good_tape, good_run = good if good is not None else (None, None)
    bad = shrunk.played.recording
    return Proof(
        scenario.name,
        variant,
        told,
        shrunk.tape,
        bad,
        good_tape,
        good_run.recording if good_run is not None else None,
        departures,
        parting(good_run.recording, bad) if good_run is not None else (),
        shrunk.runs,
        shrunk.least,
    )


def parting(good: bytes, bad: bytes) -> tuple[str, ...]:
    """Where two recordings part first, as `replay GOOD BAD --diff` shows it; nothing if they do not."""
    first = compare(log_of(good), log_of(bad), ("good", "bad")).report().first
    if first is None:
        return ()
    places = (("a (good)", first.a), ("b (bad) ", first.b))
    lines = [f"{name} #{one.seq or one.row + 1} {label_of(one)}" for name, one in places if one is not None]
    return (f"{first.kind}: {first.about}", *lines)
