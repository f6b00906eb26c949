"""A tape is shrunk to the departures without which it does not fail."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from backend.scenarios import BUGGY, FIXED, Play, Scenario, scenario
from backend.simulation import AtRandom, Settings, Tape, TapeError
from debugger.explore.shrink import NotReproducedError, Shrunk, nearest_passing, shrink
from tests.explore.explored_programs import (
    always_wrong,
    fails,
    passes,
    three_in_a_row,
    two_deposits,
    wrong_at_once,
)

RACES = (two_deposits, three_in_a_row)


def failing(made: Scenario, seed: int) -> Tape | None:
    """A tape of a random walk that fails."""
    played = Play(made, BUGGY).run(AtRandom(seed))
    return played.run.tape if fails(played) else None


def first_failing(made: Scenario) -> Tape:
    return next(tape for seed in range(1_000) if (tape := failing(made, seed)) is not None)


def without(tape: Tape, number: int) -> Tape:
    choices = list(tape.choices)
    choices[number] = (*choices[number][:2], 0)
    return replace(tape, choices=tuple(choices))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.sampled_from(RACES), st.integers(0, 10_000))
def test_what_is_left_fails_alike_and_nothing_of_it_can_be_spared(made: Scenario, seed: int) -> None:
    """Strictly replayed it is the same recording; without any one departure it does not fail."""
    tape = failing(made, seed)
    assume(tape is not None)
    assert tape is not None
    play = Play(made, BUGGY)
    shrunk = shrink(play, tape, fails)
    again = play.replay(shrunk.tape)
    assert fails(again)
    assert again.recording == shrunk.played.recording
    assert shrunk.least
    assert shrunk.tape.deviations <= tape.deviations
    for number, choice in enumerate(shrunk.tape.choices):
        if choice[2]:
            assert not fails(play.replay(without(shrunk.tape, number), strict=False))
            lower = (*shrunk.tape.choices[:number], (*choice[:2], choice[2] - 1))
            if choice[2] > 1:
                bent = replace(shrunk.tape, choices=(*lower, *shrunk.tape.choices[number + 1 :]))
                assert not fails(play.replay(bent, strict=False))


@pytest.mark.parametrize("made", RACES, ids=lambda made: made.name)
def test_a_random_walk_of_many_departures_comes_down_to_a_few(made: Scenario) -> None:
    """Where a person can read what made the difference."""
    tape = first_failing(made)
    shrunk = shrink(Play(made, BUGGY), tape, fails)
    assert tape.deviations > 10
    assert 1 <= shrunk.tape.deviations <= 3
    assert shrunk.tape.choices[-1][2]


def test_the_same_tape_is_shrunk_the_same() -> None:
    """By the same runs, to the same bytes; and what is shrunk stays as it is."""
    tape = first_failing(two_deposits)
    one, other = (shrink(Play(two_deposits, BUGGY), tape, fails) for _ in range(2))
    assert (one.tape.encode(), one.runs) == (other.tape.encode(), other.runs)
    assert shrink(Play(two_deposits, BUGGY), one.tape, fails).tape == one.tape


def test_a_bound_ends_it_with_what_was_reached() -> None:
    """What is left fails all the same, and says that it is not the least."""
    tape = first_failing(two_deposits)
    told: list[int] = []
    shrunk = shrink(Play(two_deposits, BUGGY), tape, fails, most_runs=3, on_run=told.append)
    assert (shrunk.runs, shrunk.least, told) == (3, False, [1, 2, 3])
    assert fails(Play(two_deposits, BUGGY).replay(shrunk.tape))
    assert Play(two_deposits, BUGGY).replay(shrunk.tape).recording == shrunk.played.recording


def test_what_fails_at_once_is_left_with_no_departure() -> None:
    """The plain schedule does it."""
    played = Play(always_wrong, BUGGY).run(AtRandom(1))
    shrunk = shrink(Play(always_wrong, BUGGY), played.run.tape, lambda one: one.run.error is not None)
    assert (len(shrunk.tape), shrunk.least) == (0, True)


def test_settings_that_the_search_raised_are_the_scenario_s_own_again_where_they_will_do() -> None:
    """A race that needs no message to be an hour late is not told as one that does."""
    late = Settings(lateness=3600.0)
    play = Play(scenario(variants=("buggy",), settings=late)(three_in_a_row.act), BUGGY)
    tape = next(played.run.tape for seed in range(1_000) if fails(played := play.run(AtRandom(seed))))
    assert tape.settings == late
    play = Play(three_in_a_row, BUGGY)
    assert shrink(play, tape, fails).tape.settings == three_in_a_row.settings


def test_a_tape_that_does_not_fail_is_told() -> None:
    """There is nothing to shrink to."""
    plain = Play(two_deposits, BUGGY).run().run.tape
    with pytest.raises(NotReproducedError):
        shrink(Play(two_deposits, BUGGY), plain, fails)


def test_a_tape_of_another_program_is_refused() -> None:
    """With the tape's own reason."""
    with pytest.raises(TapeError, match="not of"):
        shrink(Play(two_deposits, FIXED), first_failing(two_deposits), fails)


# --- the nearest schedule that passes --------------------------------------------------


def shrunk_of(made: Scenario) -> Shrunk:
    return shrink(Play(made, BUGGY), first_failing(made), fails)


@pytest.mark.parametrize("made", RACES, ids=lambda made: made.name)
def test_the_good_twin_is_one_departure_away(made: Scenario) -> None:
    """So that what differs between the two is what the failure needs."""
    bad = shrunk_of(made)
    found = nearest_passing(Play(made, BUGGY), bad.tape, passes)
    assert found is not None
    tape, good = found
    assert good.run.clean
    assert tape.deviations == bad.tape.deviations - 1
    assert Play(made, BUGGY).replay(tape).recording == good.recording
    last = max(number for number, choice in enumerate(bad.tape.choices) if choice[2])
    assert tape.choices[:last] == bad.tape.cut().choices[: len(tape.choices[:last])]


def test_where_the_plain_schedule_fails_another_one_is_looked_for() -> None:
    """And is as near to it as can be."""
    plain = Play(wrong_at_once, BUGGY).run().run.tape.cut()
    found = nearest_passing(Play(wrong_at_once, BUGGY), plain, passes)
    assert found is not None
    assert found[1].run.clean
    assert found[0].deviations == 1


def test_what_always_fails_has_no_good_twin() -> None:
    """None is made up."""
    plain = Play(always_wrong, BUGGY).run().run.tape.cut()
    assert nearest_passing(Play(always_wrong, BUGGY), plain, passes) is None
