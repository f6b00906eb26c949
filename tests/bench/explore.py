"""Schedules that a search needs to find a bug: all of it together, each strategy alone, and `detangle`'s own.

    python -m tests.bench explore [SCENARIO…] [--seeds N] [--most N]

First small programs that `detangle` can run too (without it, its columns are empty), then the buggy variants
of the built-in scenarios, then what a schedule costs, run and judged. A number is the median over seeds of
the schedules up to the first that fails, but for the plain one; ``>N`` where most seeds found nothing in N.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import statistics
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from itertools import count, islice
from typing import Any, Final

from backend.scenarios import BUGGY, FIXED, Scenario, Scene
from backend.scenarios.discovery import built_in
from backend.simulation import AtRandom, Plain, Strategy
from debugger.explore.delayed import Delayed, delay_sets
from debugger.explore.oracle import Oracle
from debugger.explore.pct import Pct
from debugger.explore.plan import choices_of, pct_choices
from debugger.explore.search import explore
from debugger.explore.trials import Bench, Trial, seldom_collecting
from debugger.explore.verdicts import Budget

_COSTED: Final = 60
Tell = Callable[[str, object], None]
Program = Callable[[Tell], Coroutine[Any, Any, None]]


# --- small programs: what a tap is told of them goes through `tell` --------------------------


async def two_deposits(tell: Tell) -> None:
    """Read, await, write, twice; eight others are busy."""
    balance = 0

    async def deposit(pause: int) -> None:
        nonlocal balance
        for _ in range(pause):
            await asyncio.sleep(0)
        before = balance
        await asyncio.sleep(0)
        balance = before + 1
        tell("balance", balance)

    await asyncio.gather(deposit(0), deposit(6), *(_busy(4) for _ in range(8)))
    assert balance == 2


async def overtaken(tell: Tell) -> None:
    """Fails if a task of one step comes after another one's twentieth."""
    done: list[str] = []

    async def work(name: str, steps: int) -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
        done.append(name)
        tell("last", name)

    await asyncio.gather(work("short", 1), work("long", 20))
    assert done == ["short", "long"]


async def there_and_back(tell: Tell) -> None:
    """Fails if somebody looks between two writes, of which the second takes the first back."""
    opened = False
    seen: list[bool] = []

    async def open_and_close() -> None:
        nonlocal opened
        for _ in range(5):
            await asyncio.sleep(0)
        opened = True
        tell("opened", True)
        await asyncio.sleep(0)
        opened = False
        tell("opened", False)

    async def look() -> None:
        await asyncio.sleep(0)
        seen.append(opened)

    await asyncio.gather(look(), open_and_close(), *(_busy(3) for _ in range(4)))
    assert not any(seen)


async def far_apart(tell: Tell) -> None:
    """Two write, half a second apart; the later must win, and nothing but time says so."""
    owner = ""

    async def come(name: str, delay: float) -> None:
        nonlocal owner
        await asyncio.sleep(delay)
        owner = name
        tell("owner", name)

    await asyncio.gather(come("first", 0.01), come("second", 0.5))
    assert owner == "second"


async def _busy(steps: int) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)


SMALL: Final[tuple[Program, ...]] = (two_deposits, overtaken, there_and_back, far_apart)


def _nobody(_key: str, value: object = None) -> None:
    del value


def _recorded(program: Program) -> Scenario:
    async def act(scene: Scene) -> None:
        def tell(key: str, value: object = None) -> None:
            scene.tap.emit("state_change", "program", state={key: value}, writes=(f"program.{key}",))

        await program(tell)

    return Scenario(program.__name__, "", act)


# --- schedules to find ----------------------------------------------------------------------


def _random(seed: int, _choices: int) -> Iterator[Strategy]:
    strategy = AtRandom(seed * 1_000_003)
    while True:
        yield strategy


def _pct(seed: int, choices: int) -> Iterator[Strategy]:
    for number in count():
        yield Pct(
            seed * 1_000_003 + number, 2 + number % 2, pct_choices(choices), (0.0, 0.1, 0.0, 0.5)[number % 4]
        )


def _delay(seed: int, choices: int) -> Iterator[Strategy]:
    return (Delayed(at) for at in delay_sets(choices, seed))


ALONE: Final = {"random": _random, "pct": _pct, "delay": _delay}


def _to_find(scenario: Scenario, variant: str, how: str, seed: int, most: int) -> int | None:
    """How many schedules; None: it was not found."""
    if how == "explore":
        result = explore(scenario, variant, Budget(schedules=most + 1, seed=seed))
        return result.schedules - 1 if result.found is not None else None
    bench = Bench(scenario, variant, Oracle())
    with seldom_collecting():
        choices = choices_of(bench.run(Plain()).run.tape)
        for number, strategy in enumerate(islice(ALONE[how](seed, choices), most), 1):
            if bench.attempt(Trial("random", strategy)).found:
                return number
    return None


def _peer(program: Program, strategy: str, seed: int, most: int) -> int | None:
    peer = importlib.import_module("detangle")
    try:
        peer.explore(
            lambda: program(_nobody), runs=most, strategy=strategy, seed=seed, shrink=False, database=False
        )
    except peer.BugFound as found:
        return int(found.report.runs)
    return None


def _median(found: Iterable[int | None], most: int) -> str:
    middle = statistics.median_low([most + 1 if one is None else one for one in found])
    return f">{most}" if middle > most else str(middle)


def _has_peer() -> bool:
    try:
        importlib.import_module("detangle")
    except ImportError:
        return False
    return True


def _small(seeds: int, most: int) -> None:
    peer = _has_peer()
    print(
        f"{'program':<28}{'explore':>8}{'random':>8}{'pct':>8}{'delay':>8}{'detangle: pct':>16}{'random':>8}"
    )
    for program in SMALL:
        scenario = _recorded(program)
        ours = [
            _median((_to_find(scenario, FIXED, how, seed, most) for seed in range(seeds)), most)
            for how in ("explore", *ALONE)
        ]
        theirs = [
            _median((_peer(program, how, seed, most) for seed in range(seeds)), most) if peer else "-"
            for how in ("pct", "random")
        ]
        cells = [
            f"{cell:>{width}}" for cell, width in zip((*ours, *theirs), (8, 8, 8, 8, 16, 8), strict=True)
        ]
        print(f"{program.__name__:<28}{''.join(cells)}", flush=True)


def _scenarios(wanted: list[str], seeds: int, most: int) -> None:
    print(f"{'scenario, buggy':<28}{'explore':>8}{'phase':>8}{'random':>8}{'pct':>8}{'delay':>8}")
    for scenario in built_in():
        if BUGGY not in scenario.variants or (wanted and scenario.name not in wanted):
            continue
        phase = explore(scenario, BUGGY, Budget(schedules=most + 1)).phase
        found = {
            how: _median((_to_find(scenario, BUGGY, how, seed, most) for seed in range(seeds)), most)
            for how in ("explore", *ALONE)
        }
        rest = "".join(f"{found[how]:>8}" for how in ALONE)
        print(f"{scenario.name:<28}{found['explore']:>8}{phase:>8}{rest}", flush=True)


# --- what a schedule costs ------------------------------------------------------------------


def _costs(names: list[str]) -> None:
    scenarios = [one for one in built_in() if one.name in names] or [built_in()[0]]
    for scenario in [*map(_recorded, SMALL[:1]), *scenarios]:
        bench, strategy = Bench(scenario, FIXED, Oracle()), AtRandom(1)
        with seldom_collecting():
            bench.judge("plain", bench.run(strategy))
            began = time.process_time()
            runs = [bench.run(strategy) for _ in range(_COSTED)]
            ran = time.process_time()
            for played in runs:
                bench.judge("random", played)
            judged = time.process_time()
        run_ms, judge_ms = (ran - began) / _COSTED * 1e3, (judged - ran) / _COSTED * 1e3
        events = statistics.median(played.recording.count(b"\n") for played in runs)
        print(
            f"a schedule of {scenario.name}: {events:.0f} events, {run_ms:.1f} ms to run and "
            f"{judge_ms:.1f} ms to judge: {1e3 / (run_ms + judge_ms):.0f} schedules/s"
        )


def main(arguments: list[str]) -> int:
    """Print the tables; ``python -m tests.bench explore --help`` says what can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench explore", description=__doc__)
    parser.add_argument("scenario", nargs="*", help="built-in scenarios; all, if none is named")
    parser.add_argument("--seeds", type=int, default=5, help="searches of which the median is told")
    parser.add_argument("--most", type=int, default=300, help="schedules after which a search gives up")
    told = parser.parse_args(arguments)
    _small(told.seeds, told.most)
    _scenarios(told.scenario, told.seeds, told.most)
    _costs(told.scenario)
    return 0
