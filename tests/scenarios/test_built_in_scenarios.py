"""The built-in scenarios: a bug shows under some order, but not under asyncio's own; without it nothing does.

A handful of orders each; `doubletalk explore --all` tries a thousand.
"""

from __future__ import annotations

import pytest

from backend.assistant.guards import GUARDS
from backend.scenarios import Play, Scenario
from backend.scenarios.discovery import built_in
from backend.simulation import AtRandom, Outcome, Strategy
from debugger.explore.oracle import Oracle, judged
from debugger.explore.verdicts import Found

RACES = [scenario for scenario in built_in() if scenario.rule is not None]
ONLY_PREDICTED = "order-race"
_ORDERS = 40


def found_in(scenario: Scenario, variant: str, strategy: Strategy | None = None) -> tuple[Found, ...]:
    return judged(Play(scenario, variant).run(strategy), Oracle())


def named(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", built_in(), ids=named)
def test_nothing_goes_wrong_without_a_bug(scenario: Scenario) -> None:
    """Plain or at random: no rule is broken, what the scenario asserts holds, and nothing is left."""
    for strategy in (None, AtRandom(17)):
        assert found_in(scenario, "fixed", strategy) == ()


@pytest.mark.parametrize("scenario", RACES, ids=named)
def test_a_bug_is_latent_and_shows_under_another_order(scenario: Scenario) -> None:
    """Under asyncio's own order all is well; under one of a few others the rule of the scenario is broken.

    But for a race that is only ever predicted: of that, the scenario itself has to tell.
    """
    assert found_in(scenario, "buggy") == ()
    play = Play(scenario, "buggy")
    strategy = AtRandom(0)
    for _ in range(_ORDERS):
        played = play.run(strategy)
        if scenario.rule == ONLY_PREDICTED:
            shows = played.run.outcome is Outcome.RAISED
        else:
            shows = scenario.rule in {one.rule for one in judged(played, Oracle())}
        if shows:
            return
    pytest.fail(f"none of {_ORDERS} orders shows {scenario.rule}")


def test_every_race_of_the_assistant_has_a_scenario() -> None:
    """One for each rule, and `worker-overlap` in both its forms."""
    rules = [scenario.rule for scenario in RACES]
    assert set(rules) == {kept.rule for kept in GUARDS.values()}
    assert rules.count("worker-overlap") == 2


def test_names_are_unique_and_all_say_what_they_are_about() -> None:
    """One line that ends."""
    names = [scenario.name for scenario in built_in()]
    assert len(names) == len(set(names))
    assert all(scenario.about.endswith(".") and len(scenario.about) < 110 for scenario in built_in())
