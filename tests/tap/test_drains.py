"""When what was emitted is handed on: in virtual time, so that it is exact."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from backend.simulation import simulate
from backend.tap import Batch, Tap
from backend.tap.drain import DRAIN_SECONDS, REST_SECONDS


class Noting:
    """When batches came, and how many events they had; each may take its time."""

    def __init__(self, takes: float = 0.0) -> None:
        self.loop = asyncio.get_running_loop()
        self.takes = takes
        self.came: list[tuple[float, int]] = []

    def write(self, batch: Batch) -> None:
        self.came.append((self.loop.time(), len(batch)))
        self.loop.agenda.now += self.takes  # type: ignore[attr-defined]  # of a simulated loop

    def close(self) -> None:
        """Nothing is open."""


def test_an_event_after_a_pause_is_handed_on_at_once() -> None:
    """Who looks at a program that does little sees it as it happens; the loop is left to itself first."""

    async def main() -> list[tuple[float, int]]:
        sink = Noting()
        async with Tap("app", sinks=(sink,)) as tap:
            await asyncio.sleep(1)
            sink.came.clear()
            tap.system("CACHE")
            assert sink.came == []  # never within emit
            await asyncio.sleep(1)
        return sink.came[:1]

    assert simulate(main).result() == [(pytest.approx(1 + REST_SECONDS), 1)]


def test_drains_begin_two_milliseconds_after_one_another() -> None:
    """However many events come, and however long a drain takes that is shorter: batches are of 2 ms."""

    async def main(takes: float) -> list[tuple[float, int]]:
        sink = Noting(takes)
        async with Tap("app", sinks=(sink,)) as tap:
            await asyncio.sleep(1)
            tap.system("CACHE")
            await asyncio.sleep(0.001)
            sink.came.clear()
            for _ in range(100):
                tap.system("CACHE")
                await asyncio.sleep(0.000_1)
        return sink.came

    for takes in (0.0, DRAIN_SECONDS / 2):
        came = simulate(lambda takes=takes: main(takes)).result()[:-2]  # type: ignore[misc]
        apart = [after - before for (before, _), (after, _) in itertools.pairwise(came)]
        assert len(apart) > 2
        # One may begin up to one of the program's steps later; the last two are of the end.
        assert all(DRAIN_SECONDS - 1e-9 <= one <= DRAIN_SECONDS + 0.000_1 + 1e-9 for one in apart)


def test_after_a_drain_that_took_long_the_loop_is_left_to_others_before_the_next() -> None:
    """However long a sink takes, and however much has come meanwhile."""
    takes = 5 * DRAIN_SECONDS

    async def main() -> list[float]:
        sink = Noting(takes)
        async with Tap("app", sinks=(sink,)) as tap:
            await asyncio.sleep(1)
            sink.came.clear()
            while len(sink.came) < 10:
                tap.system("CACHE")
                await asyncio.sleep(REST_SECONDS / 10)
            return [began for began, _ in sink.came]

    began = simulate(main).result()
    assert all(after - (before + takes) >= REST_SECONDS - 1e-9 for before, after in itertools.pairwise(began))
