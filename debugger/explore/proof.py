"""What a search found, made small and told: the least schedule, its passing twin, and where the two part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from backend.scenarios import Play, Played, Scenario
from backend.simulation import Tape
from debugger.analysis.diff import compare, label_of
from debugger.explore.departures import Departure, departures_of
from debugger.explore.oracle import Oracle, log_of
from debugger.explore.shrink import MOST_RUNS, nearest_passing, shrink
from debugger.explore.trials import Bench, seldom_collecting, silence
from debugger.explore.verdicts import Found, Result


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
    result: Result,
    oracle: Oracle,
    *,
    most_runs: int = MOST_RUNS,
    on_run: Callable[[int], None] | None = None,
) -> Proof:
    """Shrink the tape of a search that found something, and find the nearest schedule that passes.

    A run that was stopped by its limits is not shrunk: each try would take as long.

    Raises:
        NotReproducedError: the tape does not fail so again: the program is not deterministic.
        TapeError: it is of another program, or of another version of it.
    """
    found, tape, _ = _found_in(result)
    if found.kind == "limit":
        return unshrunk(result)
    with silence(), seldom_collecting():
        return _Proving(scenario, result, found, oracle).done(tape, most_runs, on_run)


class _Proving:
    def __init__(self, scenario: Scenario, result: Result, found: Found, oracle: Oracle) -> None:
        self._scenario = scenario
        self._variant = result.variant
        self._found = found
        self._bench = Bench(scenario, result.variant, oracle)  # which knows recordings again

    def done(self, tape: Tape, most_runs: int, on_run: Callable[[int], None] | None) -> Proof:
        play = Play(self._scenario, self._variant)
        shrunk = shrink(play, tape, self._fails, most_runs=most_runs, on_run=on_run)
        # Random schedules, should it come to them, are to be of the same world.
        world = dataclasses.replace(self._scenario, settings=shrunk.tape.settings)
        near = nearest_passing(Play(world, self._variant), shrunk.tape, self._passes, most_runs=most_runs)
        good_tape, good = near if near is not None else (None, None)
        bad = shrunk.played.recording
        return Proof(
            self._scenario.name,
            self._variant,
            self._in(shrunk.played) or self._found,
            shrunk.tape,
            bad,
            good_tape,
            good.recording if good is not None else None,
            departures_of(play, shrunk.tape),
            parting(good.recording, bad) if good is not None else (),
            shrunk.runs,
            shrunk.least,
        )

    def _in(self, played: Played) -> Found | None:
        """The failure, as it is in a run."""
        signature = self._found.signature
        return next((one for one in self._all_in(played) if one.signature == signature), None)

    def _all_in(self, played: Played) -> tuple[Found, ...]:
        return self._bench.judge("corpus", played).found

    def _fails(self, played: Played) -> bool:
        return self._in(played) is not None

    def _passes(self, played: Played) -> bool:
        return not self._all_in(played)


def foremost(result: Result, rule: str | None) -> Result:
    """The same, told by what explains it best: the scenario's own rule, else any rule, else what came first.

    A rule names both events and the edge that is missing; an assertion only what came of it.
    """
    if result.found is None:
        return result
    found = (result.found, *result.others)
    rules = [one for one in found if one.kind == "rule"]
    best = next((one for one in rules if one.rule == rule), (rules or found)[0])
    others = tuple(one for one in found if one is not best)
    return replace(result, found=best, rule=best.rule, others=others)


def unshrunk(result: Result) -> Proof:
    """What was found, as it was found; its good twin is the plain run, where that was not it.

    Raises:
        ValueError: nothing was found.
    """
    found, tape, bad = _found_in(result)
    good = result.plain if result.phase != "plain" else None
    return Proof(
        result.scenario,
        result.variant,
        found,
        tape.cut(),
        bad,
        replace(tape, choices=()) if good is not None else None,
        good,
        (),
        parting(good, bad) if good is not None else (),
        0,
        not tape.deviations,
    )


def _found_in(result: Result) -> tuple[Found, Tape, bytes]:
    if result.found is None or result.tape is None or result.bad is None:
        raise ValueError(f"nothing was found in {result.scenario} ({result.variant})")
    return result.found, result.tape, result.bad


def parting(good: bytes, bad: bytes) -> tuple[str, ...]:
    """Where two recordings part first, as `replay GOOD BAD --diff` shows it; nothing if they do not."""
    first = compare(log_of(good), log_of(bad), ("good", "bad")).report().first
    if first is None:
        return ()
    places = (("a (good)", first.a), ("b (bad) ", first.b))
    lines = [f"{name} #{one.seq or one.row + 1} {label_of(one)}" for name, one in places if one is not None]
    return (f"{first.kind}: {first.about}", *lines)
