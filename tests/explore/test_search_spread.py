"""A search by several processes: the same result; and what becomes of it when one of them does not answer."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import closing

import pytest
from msgspec.structs import replace

from backend.scenarios import BUGGY, FIXED, Scenario, Scene, scenario
from debugger.explore.oracle import Oracle
from debugger.explore.search import explore
from debugger.explore.source import Source, source_of
from debugger.explore.spread import Crew, Work, WorkerError
from debugger.explore.verdicts import Budget, Result
from tests.explore import searched_programs as programs


def alike(result: Result) -> Result:
    """Without what is of the machine."""
    return replace(result, seconds=0.0)


def test_it_makes_no_difference_how_many_processes_search() -> None:
    """Same budget and seed, same result: what was found, after how many schedules, and what it is worth."""
    budget = Budget(schedules=400, seed=3)
    one = explore(programs.seldom_wrong, BUGGY, budget)
    two = explore(programs.seldom_wrong, BUGGY, budget, jobs=2)
    assert one.found is not None
    assert one.schedules > 2
    assert alike(two) == alike(one)


def test_by_another_seed_it_is_another_search() -> None:
    """And by the same one the same again."""
    seen = [explore(programs.seldom_wrong, BUGGY, Budget(seed=seed)).schedules for seed in (1, 2, 3, 1)]
    assert seen[0] == seen[3]
    assert len(set(seen)) > 1


def test_a_process_that_dies_ends_the_search_with_a_word() -> None:
    """It says which schedules it had, and how it ended; what was found out so far is given back."""
    result = explore(programs.dies_elsewhere, FIXED, Budget(schedules=200), jobs=2)
    (notice,) = result.notices
    assert "ended itself with exit code 3; it had schedules" in notice
    assert result.found is None
    assert result.schedules < 200


def test_a_process_that_hangs_is_ended() -> None:
    """A step that is stuck where no watchdog reaches is not waited for for ever."""
    source = source_of(programs.hangs_elsewhere)
    assert source is not None
    crew = Crew(Work(source, FIXED, Oracle(), 0, 3), 1, patience=3.0)
    with closing(crew), pytest.raises(WorkerError, match="did not answer for 3 s"):
        next(crew.results())


def test_a_budget_of_seconds_ends_a_search() -> None:
    """Whatever is left to be tried."""
    result = explore(programs.either_order, FIXED, Budget(schedules=None, seconds=0.3))
    assert result.found is None
    assert result.schedules >= 1
    assert result.seconds >= 0.3


def test_ctrl_c_gives_back_what_was_found_so_far() -> None:
    """The search says that it was interrupted, and no process is left."""
    began = threading.Event()

    def interrupt() -> None:
        began.wait()
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    result = explore(
        programs.either_order, FIXED, Budget(schedules=None), on_progress=lambda _progress: began.set()
    )
    thread.join()
    assert result.interrupted
    assert result.found is None
    assert result.schedules >= 1


def test_a_scenario_is_found_again_by_its_place() -> None:
    """By module, or by file where nothing can be imported by that name; one that is nowhere is said to be."""
    source = source_of(programs.either_order)
    assert source is not None
    assert source.scenario() is programs.either_order
    assert Source("no.such.module", source.file, source.name).scenario().name == "either-order"
    assert source_of(known_to_nobody()) is None
    with pytest.raises(LookupError):
        Source(source.module, source.file, "nobody").scenario()


def known_to_nobody() -> Scenario:
    """A scenario that only this function knows."""

    @scenario
    async def local(_scene: Scene) -> None:
        """Nothing."""

    return local
