"""Several programs into one feed: each is resumed by itself, and each event comes once or a gap names it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from backend.tap import Tap
from backend.tap.hub import Hub
from backend.wire import SourceChanged
from tests.gateway.feeds import Server, batch, feed_url, until
from tests.gateway.viewers import Viewer


async def test_two_taps_and_two_viewers_that_come_and_go(make: Callable[..., Server]) -> None:
    """Both viewers are cut off again and again while both programs emit: all there, once, in order."""
    hub = Hub()
    taps = [Tap(name, sinks=(_Shared(hub),)) for name in ("one", "two")]
    async with make(hub) as server:
        viewers = [Viewer(feed_url(server)) for _ in range(2)]
        for tap in taps:
            tap.start()
        for round_ in range(6):
            enough = asyncio.Event()
            watching = [asyncio.create_task(viewer.watch(enough)) for viewer in viewers]
            await _emit(taps, 40 + round_)
            enough.set()
            await asyncio.gather(*watching)
            # While nobody looks the one goes on, then the other, then both by turns.
            await _emit([taps[round_ % 2]], 25)
            await _emit(taps, 10)
        for tap in taps:
            tap.close()
        counts = {tap.source: hub.ring.next_seq(tap.source) - 1 for tap in taps}
        watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
        await until(lambda: all(sum(counts.values()) == len(viewer.events) for viewer in viewers))
        for one in watching:
            one.cancel()
        for viewer in viewers:
            assert all(viewer.accounts_for(source, count) for source, count in counts.items())
            assert viewer.gaps == []
            assert not [one for one in viewer.others if isinstance(one, SourceChanged)]


async def _emit(taps: list[Tap], count: int) -> None:
    for number in range(count):
        for tap in taps:
            tap.emit("message_published", "c", "TEXT_CHUNK", {"n": number})
            if number % 7 == 0:
                tap.drain()
        await asyncio.sleep(0)


class _Shared:
    """One hub for several taps: the end of one is not the end of the feed."""

    def __init__(self, hub: Hub) -> None:
        self.write = hub.write

    def close(self) -> None:
        """The others go on."""


async def test_what_both_lost_meanwhile_is_named_for_each(make: Callable[..., Server]) -> None:
    """Away for longer than the history: one gap a program, and the rest comes once."""
    hub = Hub(history_events=20)
    hub.write(batch(1, 5, "a"))
    hub.write(batch(1, 5, "b"))
    async with make(hub) as server:
        viewer, enough = Viewer(feed_url(server)), asyncio.Event()
        watching = asyncio.create_task(viewer.watch(enough))
        await until(lambda: len(viewer.events) == 10)
        enough.set()
        await watching
        for first in range(6, 46, 5):
            hub.write(batch(first, 5, "a"))
            hub.write(batch(first, 5, "b"))
        watching = asyncio.create_task(viewer.watch())
        await until(lambda: len(viewer.events) == 30)
        watching.cancel()
        assert {(gap.source, gap.from_seq, gap.to_seq) for gap in viewer.gaps} == {
            ("a", 6, 35), ("b", 6, 35),
        }  # fmt: skip
        assert viewer.accounts_for("a", 45)
        assert viewer.accounts_for("b", 45)


@pytest.mark.parametrize("quiet", ["a", "b"])
async def test_the_one_that_goes_on_is_not_lost_behind_the_one_that_is_quiet(
    make: Callable[..., Server], quiet: str
) -> None:
    """The last that was seen is of either: the other one's events after it are sent, none twice."""
    hub = Hub()
    other = "b" if quiet == "a" else "a"
    hub.write(batch(1, 3, other))
    hub.write(batch(1, 3, quiet))
    async with make(hub) as server:
        viewer, enough = Viewer(feed_url(server)), asyncio.Event()
        watching = asyncio.create_task(viewer.watch(enough))
        await until(lambda: len(viewer.events) == 6)
        enough.set()
        await watching
        hub.write(batch(4, 30, other))
        watching = asyncio.create_task(viewer.watch())
        await until(lambda: len(viewer.events) >= 36)
        watching.cancel()
        assert viewer.accounts_for(other, 33)
        assert viewer.accounts_for(quiet, 3)


async def test_another_gateway_of_the_same_events_in_another_order_goes_on_as_well(
    make: Callable[..., Server],
) -> None:
    """Behind a stream each gateway has its own order: what one client has seen is known by source."""
    first, second = Hub(), Hub()
    for hub, order in ((first, "aabb"), (second, "bbaa")):
        begun = {"a": 1, "b": 1}
        for source in order:
            hub.write(batch(begun[source], 10, source))
            begun[source] += 10
    async with make(first) as one, make(second) as two:
        viewer, enough = Viewer(feed_url(one)), asyncio.Event()
        watching = asyncio.create_task(viewer.watch(enough))
        await until(lambda: len(viewer.events) == 40)
        enough.set()
        await watching
        second.write(batch(21, 10, "b"))
        second.write(batch(21, 10, "a"))
        viewer.move_to(feed_url(two))
        watching = asyncio.create_task(viewer.watch())
        await until(lambda: len(viewer.events) >= 60)
        watching.cancel()
        assert viewer.accounts_for("a", 30)
        assert viewer.accounts_for("b", 30)
        assert viewer.gaps == []
        assert not [one for one in viewer.others if isinstance(one, SourceChanged)]


async def test_a_viewer_of_what_only_comes_gets_no_history_of_anybody(make: Callable[..., Server]) -> None:
    """From now on, of each producer; also when it comes again."""
    hub = Hub()
    hub.write(batch(1, 5, "old"))
    hub.write(batch(1, 5, "new"))
    async with make(hub) as server:
        viewer, enough = Viewer(feed_url(server), since_seq=None), asyncio.Event()
        watching = asyncio.create_task(viewer.watch(enough))
        await until(lambda: bool(viewer.others))
        hub.write(batch(6, 2, "new"))
        await until(lambda: len(viewer.events) == 2)
        enough.set()
        await watching
        hub.write(batch(6, 2, "old"))
        watching = asyncio.create_task(viewer.watch())
        await until(lambda: len(viewer.events) == 4)
        watching.cancel()
        assert (viewer.seqs("new"), viewer.seqs("old"), viewer.gaps) == ([6, 7], [6, 7], [])
