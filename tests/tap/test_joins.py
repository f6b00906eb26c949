"""Who waited for whom, where asyncio itself does the waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from backend.tap import Tap
from tests.tap.kept import Kept


async def work(turns: int) -> int:
    for _ in range(turns):
        await asyncio.sleep(0)
    return turns


async def by_gather() -> None:
    assert await asyncio.gather(work(1), work(3), work(0)) == [1, 3, 0]


async def by_wait() -> None:
    tasks = [asyncio.create_task(work(number)) for number in (1, 3, 0)]
    done, _ = await asyncio.wait(tasks)
    assert len(done) == 3


async def by_timeouts() -> None:
    for number in (1, 3, 0):
        assert await asyncio.wait_for(asyncio.create_task(work(number)), 5) == number


async def by_group() -> None:
    async with asyncio.TaskGroup() as group:
        for number in (1, 3, 0):
            group.create_task(work(number))


@pytest.mark.parametrize("wait", [by_gather, by_wait, by_timeouts, by_group], ids=lambda wait: wait.__name__)
async def test_each_task_is_joined_after_its_end_by_who_goes_on_after_it(
    wait: Callable[[], Awaitable[None]],
) -> None:
    """Once each, before anything that the joiner does next."""
    kept = Kept()
    async with Tap("app", sinks=(kept,)) as tap:
        tap.system("BEFORE")
        await wait()
        tap.system("AFTER")
    before, after = kept.marked("BEFORE"), kept.marked("AFTER")
    order = [one.id for one in kept.events]
    ends = kept.of("task_finished")
    assert len(ends) == 3
    for end in ends:
        joined = kept.one("task_joined", child=end.payload()["child"])
        assert joined.task == before.task == after.task
        assert order.index(end.id) < order.index(joined.id) < order.index(after.id)


async def test_a_task_of_a_group_waits_in_the_name_of_the_group_s_owner() -> None:
    """Also where a member of the group has begun another one."""
    kept = Kept()

    async def owner(tap: Tap) -> None:
        tap.system("BEFORE")
        async with asyncio.TaskGroup() as group:

            async def member() -> None:
                group.create_task(work(2))

            group.create_task(member())
        tap.system("AFTER")

    async with Tap("app", sinks=(kept,)) as tap:
        await asyncio.create_task(owner(tap))
    mine = kept.marked("AFTER").task
    assert {one.task for one in kept.of("task_joined")[:2]} == {mine}


async def test_those_that_are_not_waited_for_any_more_are_not_joined() -> None:
    """The first to end is joined, the others are not: nothing orders what they do."""
    kept = Kept()
    async with Tap("app", sinks=(kept,)):
        tasks = [asyncio.create_task(work(number)) for number in (0, 5)]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(pending)) == (1, 1)
        ended = asyncio.Event()
        tasks[1].add_done_callback(lambda _: ended.set())
        await ended.wait()
    (joined,) = kept.of("task_joined")
    assert joined.payload()["child"] == kept.of("task_finished")[0].payload()["child"]


async def test_a_gathering_that_fails_joins_whom_it_waited_for() -> None:
    """The error comes through as ever; the others run on, and are not joined."""
    kept = Kept()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    async with Tap("app", sinks=(kept,)):
        slow = asyncio.create_task(work(9))
        with pytest.raises(ValueError, match="no"):
            await asyncio.gather(slow, fail())
        assert not slow.done()
        slow.cancel()
    (joined,) = kept.of("task_joined")
    assert joined.payload()["name"].endswith("fail")


async def test_callbacks_of_programs_stay_what_they_are() -> None:
    """Added, called once, and removed."""
    called: list[str] = []

    def first(_: object) -> None:
        called.append("first")

    def second(_: object) -> None:
        called.append("second")

    async with Tap("app"):
        task = asyncio.create_task(work(0))
        task.add_done_callback(first)
        task.add_done_callback(second)
        assert task.remove_done_callback(first) == 1
        await task
    assert called == ["second"]
