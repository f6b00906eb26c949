"""PCT and delays, against all schedules there are: what can happen is found, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.scenarios import FIXED, Scenario, Scene
from backend.simulation import Plain, simulate
from debugger.explore.confidence import confidence, pct_bound, random_bound
from debugger.explore.delayed import Delayed, delay_sets
from debugger.explore.oracle import Oracle
from debugger.explore.pct import Pct
from debugger.explore.plan import Searched, choices_of, trials
from debugger.explore.search import explore
from debugger.explore.verdicts import Budget
from tests.simulation.schedules import every_schedule

SMALL = st.sampled_from(((1, 1), (1, 2), (2, 1), (2, 2), (1, 1, 1), (2, 1, 1), (1, 1, 2)))
"""Tasks, and how many steps each takes."""


async def race(lengths: Sequence[int], told: list[int] | None = None) -> tuple[int, ...]:
    """In which order the tasks make their steps."""
    order: list[int] = [] if told is None else told

    async def work(number: int, steps: int) -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(work(number, steps) for number, steps in enumerate(lengths)))
    return tuple(order)


def racing(lengths: Sequence[int], bad: tuple[int, ...]) -> Scenario:
    """A program that one order of its steps breaks."""

    async def act(_scene: Scene) -> None:
        came = await race(lengths)
        assert came != bad, f"the steps came as {came}"

    return Scenario("racing", "", act)


@cache
def orders(lengths: tuple[int, ...]) -> frozenset[tuple[int, ...]]:
    """All that can come."""
    return frozenset(run.result() for run in every_schedule(lambda: race(lengths)))


@settings(max_examples=12, deadline=None)
@given(SMALL, st.data())
def test_what_some_schedule_does_is_found_and_nothing_else(
    lengths: tuple[int, ...], data: st.DataObject
) -> None:
    """The search finds the order that breaks the program if any schedule has it; else it finds none."""
    possible = orders(lengths)
    steps = [number for number, times in enumerate(lengths) for _ in range(times)]
    bad = tuple(data.draw(st.permutations(steps)))
    result = explore(racing(lengths, bad), FIXED, Budget(schedules=250), oracle=Oracle(recorded=False))
    assert (result.found is not None) == (bad in possible)


@settings(max_examples=10, deadline=None)
@given(SMALL, st.integers(0, 1_000))
def test_a_schedule_of_pct_is_one_that_there_is(lengths: tuple[int, ...], seed: int) -> None:
    """Whatever the priorities, what comes is among all schedules; the same by the same seed."""
    strategy = Pct(seed, 2, 12)
    once = simulate(lambda: race(lengths), strategy)
    assert once.result() in orders(lengths)
    assert simulate(lambda: race(lengths), strategy).tape.choices == once.tape.choices


@pytest.mark.parametrize("steps", [2, 4, 8])
def test_pct_keeps_what_it_promises(steps: int) -> None:
    """A task overtaken by all steps of another, depth 1: at least one run in n; at random 1 in 2 ** steps."""
    runs = 300
    strategy_of = (Pct(seed, 1, 30) for seed in range(runs))
    found = 0
    lanes = 0
    for strategy in strategy_of:
        came = simulate(lambda: race([1, steps]), strategy).result()
        found += came == (1,) * steps + (0,)
        lanes = max(lanes, strategy.lanes)
    assert found / runs >= 1 / lanes


def test_pct_needs_its_changes_for_what_takes_two_orderings() -> None:
    """First one, then the other, then the first again: with d=1 never, with d=2 as often as promised."""
    runs, wanted = 400, (0, 1, 1, 1, 0)
    seen = {}
    for depth in (1, 2):
        strategies = [Pct(seed, depth, 12) for seed in range(runs)]
        seen[depth] = sum(simulate(lambda: race([2, 3]), one).result() == wanted for one in strategies)
        lanes = max(one.lanes for one in strategies)
    assert seen[1] == 0
    assert seen[2] / runs >= 1 / (lanes * 12)


def test_somebody_who_asks_without_pause_does_not_starve_whom_it_waits_for() -> None:
    """Priorities would let it ask for ever, which no event loop does."""

    async def main() -> int:
        done, asked = False, 0

        async def finish() -> None:
            nonlocal done
            await asyncio.sleep(0)
            done = True

        task = asyncio.create_task(finish())
        while not done:
            asked += 1
            await asyncio.sleep(0)
        await task
        return asked

    assert max(simulate(main, Pct(seed, 2, 10)).result() for seed in range(20)) > 100


def test_one_delay_puts_one_step_behind_all_that_is_ready() -> None:
    """Each of the single delays moves whose turn it was to the back; no delays are the plain order."""
    lengths = [1, 1, 1]
    plain = simulate(lambda: race(lengths), Plain())
    assert simulate(lambda: race(lengths), Delayed(())).tape.choices == plain.tape.choices
    many = choices_of(plain.tape)
    came = {simulate(lambda: race(lengths), Delayed((at,))).result() for at in range(many)}
    assert {(1, 2, 0), (0, 2, 1)} <= came
    assert (2, 1, 0) not in came  # takes two


def test_every_single_delay_is_tried_once_and_then_pairs() -> None:
    """In an order by seed."""
    drawn = list(islice(delay_sets(6, 1), 20))
    assert sorted(drawn[:6]) == [(at,) for at in range(6)]
    assert {len(one) for one in drawn[6:]} == {2, 3}
    assert drawn == list(islice(delay_sets(6, 1), 20))
    assert list(delay_sets(0, 1)) == []


def test_what_is_tried_depends_on_seed_and_plain_run_only() -> None:
    """So that other processes try the same."""
    one, other = (list(islice(trials(5, 30), 50)) for _ in range(2))
    assert [(trial.phase, trial.strategy.name) for trial in one] == [
        (trial.phase, trial.strategy.name) for trial in other
    ]
    assert Counter(trial.phase for trial in one) == {"pct": 25, "delay": 15, "random": 10}


def test_a_seed_says_how_the_outside_behaves() -> None:
    """In half of the runs of PCT nothing unusual happens: those are what the guarantee is about."""
    strategies = [trial.strategy for trial in islice(trials(0, 10), 400)]
    usual = [one.usual for one in strategies if isinstance(one, Pct)]
    assert sum(usual) == len(usual) // 2


def test_confidence_is_the_bound_of_the_literature() -> None:
    """1 - (1 - 1/(n·k^(d-1)))^N, and for random schedules the rule of three, nearly."""
    assert pct_bound(1, 4, 100, 1) == 0.25
    assert pct_bound(2, 4, 100, 1) == pytest.approx(1 / 400)
    assert pct_bound(3, 2, 10, 50) == pytest.approx(1 - (1 - 1 / 200) ** 50)
    assert random_bound(300) == pytest.approx(3 / 300, rel=0.01)
    assert random_bound(0) == 1.0


def test_confidence_is_told_with_its_numbers() -> None:
    """Which phases ran how often, and what each is worth."""
    searched = Searched()
    searched.singles, searched.lanes, searched.delayed = 10, 5, 10
    searched.schedules.update(plain=1, pct=20, delay=12, random=30)
    searched.usual.update({2: 10})
    told = confidence(searched)
    assert told.at_least == pytest.approx(1 - (1 - 1 / (5 * 12)) ** 10)
    assert "PCT, d=2: each of 10 schedules had a chance of at least 1/(n·k) to hit" in told.text
    assert "k=12 choices and n=5 lanes, so all of them 15.5%" in told.text
    assert "delay-bounded: every one of the 10 schedules with one delay was run" in told.text
    assert "random: 30 schedules passed" in told.text
    assert told.schedules == {"plain": 1, "pct": 20, "delay": 12, "random": 30}


def test_a_program_without_a_race_is_clean() -> None:
    """One task after the other: there is but one order, and all schedules have it."""

    async def act(_scene: Scene) -> None:
        order: list[int] = []
        for number in range(3):
            await asyncio.create_task(race([1], order))
            order.append(number)
        assert order == [0, 0, 0, 1, 0, 2]

    result = explore(Scenario("ordered", "", act), FIXED, Budget(schedules=60))
    assert (result.verdict, result.schedules) == ("clean", 60)
