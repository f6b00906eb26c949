"""Predicted pairs the other way round: confirmed at once, harmless, or impossible within a bound."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.scenarios import BUGGY, FIXED, Play, Scenario, Scene
from backend.simulation import AtRandom, Plain
from debugger.explore.guided import Guided, Hold, Sight, Until
from debugger.explore.oracle import Oracle, judged
from debugger.explore.predicted import predicted_pairs
from debugger.explore.search import explore
from debugger.explore.steps import Steps, Trace
from debugger.explore.verdicts import Budget, Fate, Result
from tests.explore import searched_programs as programs

FEW = Budget(schedules=5)


def told(result: Result) -> list[tuple[str, Fate, int]]:
    return [(pair.rule, pair.fate, pair.schedules) for pair in result.pairs if not pair.note]


def test_a_lost_update_is_confirmed_by_one_guided_schedule() -> None:
    """The first deposit's write is held back for 0.3 s of virtual time, until the second's is done."""
    result = explore(programs.two_deposits_recorded, BUGGY, FEW)
    assert (result.verdict, result.rule, result.phase) == ("confirmed", "lost-update", "guided")
    assert told(result)[0][1:] == ("confirmed", 1)
    assert result.schedules == 2
    assert result.tape is not None
    assert result.tape.strategy == "guided"
    again = Play(programs.two_deposits_recorded, BUGGY).replay(result.tape)
    assert again.recording == result.bad
    assert judged(again, Oracle()) == (result.found, *result.others)


def test_the_scenarios_own_assertion_confirms_a_pair() -> None:
    """What no rule knows of: the order of two writes, half a second apart."""
    result = explore(programs.second_must_not_win, BUGGY, FEW)
    assert (result.verdict, result.rule, result.schedules) == ("confirmed", "assertion", 2)
    assert result.pairs[0].found == result.found


def test_a_lock_leaves_nothing_to_be_found() -> None:
    """The fixed variant is clean."""
    result = explore(programs.two_deposits_recorded, FIXED, Budget(schedules=40))
    assert (result.verdict, result.found, result.tape, result.bad) == ("clean", None, None, None)
    assert result.schedules == 40


def test_a_pair_that_something_unseen_orders_is_infeasible() -> None:
    """The recording does not show the event that the second waits for. Held back, the first blocks it."""
    result = explore(programs.ordered_unseen, FIXED, Budget(schedules=20, bound=1.5))
    assert result.verdict == "infeasible"
    assert told(result) == [("order-race", "infeasible", 1)]
    assert result.pairs[0].bound == 1.5


def test_a_pair_that_is_swapped_without_harm_is_refuted() -> None:
    """It can come either way, and nothing is wrong with either."""
    result = explore(programs.either_order, FIXED, Budget(schedules=20))
    assert result.verdict == "clean"
    assert told(result) == [("order-race", "harmless", 2)]  # just after the other, and as late as may be


def test_what_is_further_away_than_the_bound_is_infeasible_within_it() -> None:
    """Half a second apart: with a bound of 0.1 s there is no swap, and the verdict says the bound."""
    result = explore(programs.second_must_not_win, BUGGY, Budget(schedules=5, bound=0.1))
    assert result.found is None
    assert told(result) == [("order-race", "infeasible", 1)]
    assert result.verdict == "infeasible"


def test_a_budget_that_ends_before_the_pairs_leaves_them_open() -> None:
    """One schedule is the plain one: what it predicts was not tried, and that is no clean verdict."""
    result = explore(programs.second_must_not_win, BUGGY, Budget(schedules=1))
    assert (result.verdict, result.schedules) == ("not-reproduced", 1)
    assert told(result) == [("order-race", "untried", 0)]


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 150), min_size=2, max_size=3, unique=True))
def test_guided_reversal_finds_any_order_that_only_time_keeps(centiseconds: list[int]) -> None:
    """Each writes at its time, and the last must win: one hold confirms it, however far they are apart.

    Where each waits for the one before, nothing is found, nor predicted.
    """

    def made(*, waiting: bool) -> Scenario:
        async def act(scene: Scene) -> None:
            owner = 0

            async def come(number: int, before: asyncio.Task[None] | None) -> None:
                nonlocal owner
                await asyncio.sleep(number / 100)
                if waiting and before is not None:
                    await before
                owner = number
                programs.write(scene.tap, "owner", number)

            tasks: list[asyncio.Task[None]] = []
            for number in sorted(centiseconds):
                tasks.append(asyncio.create_task(come(number, tasks[-1] if tasks else None)))
            await asyncio.gather(*tasks)
            assert owner == max(centiseconds)

        return Scenario("latecomers", "", act)

    racing = explore(made(waiting=False), FIXED, Budget(schedules=8))
    assert (racing.verdict, racing.phase) == ("confirmed", "guided")
    assert racing.schedules == 2 or len(centiseconds) > 2
    assert explore(made(waiting=True), FIXED, Budget(schedules=8)).found is None


@pytest.mark.parametrize("made", [programs.two_deposits_recorded, programs.either_order])
def test_looking_on_changes_nothing(made: Scenario) -> None:
    """Step by step or not, plain or at random: the same recording and the same tape."""
    for seed in range(4):
        one = Play(made, FIXED).run(AtRandom(seed))
        other = Play(made, FIXED, on_start=Steps(Trace().note).begin).run(AtRandom(seed))
        assert other.recording == one.recording
        assert other.run.tape == one.run.tape


def test_each_event_has_its_step_and_lane() -> None:
    """By the row of the recording; the lanes are those of the tasks that emitted."""
    trace = Trace()
    played = Play(programs.either_order, FIXED, on_start=Steps(trace.note).begin).run(Plain())
    (pair,) = predicted_pairs(played.recording, trace, Oracle())
    first, second = (trace.at(row) for row in pair.rows)
    assert first[0] < second[0]
    assert (first[1], second[1]) == (2, 3)
    assert len(trace.step_of) == played.recording.count(b"\n")
    assert pair.holds == (Hold(2, first[0], (Until(Sight("state_change", "account", None, None)),)),)


def test_a_run_with_nothing_else_to_do_lets_the_held_one_go() -> None:
    """It is told that the hold was forced open, and the run goes on as usual."""
    strategy = Guided(Hold(2, 4, (Until(Sight("state_change", "nobody", None, None)),)), bound=2.0)
    play = Play(programs.either_order, FIXED, on_start=Steps(strategy.look).begin)
    assert play.run(strategy).run.clean
    assert (strategy.swapped, strategy.forced) == (False, True)
