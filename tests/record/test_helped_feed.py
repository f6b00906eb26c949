"""A feed that a helper process reads: the same events, whatever becomes of the process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backend.events import Event, encode_lines
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from backend.wire import GapReceived
from backend.wire.guard import TokenPolicy
from debugger.log import EventLog
from debugger.sources import helped_feed
from debugger.sources.arrival import Arrival, Keeper
from debugger.sources.feed import Connected, Disconnected, FeedSource
from debugger.sources.helped_feed import MOST_DEATHS, HelpedFeed, HelperLost

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers are used whatever machine this is."""
    monkeypatch.setattr(helped_feed, "worth_a_process", lambda: True)


def batch(first: int, count: int, size: int = 10) -> Batch:
    events = [
        Event(float(seq), "system", "c", "X", data={"t": "x" * size}, id=f"s-{seq}", source="s", seq=seq)
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)


class Taker:
    """Takes what a feed says into a log, and keeps the rest."""

    def __init__(self, source: HelpedFeed) -> None:
        self.log = EventLog()
        self.told: list[object] = []
        self.source = source
        self._news = asyncio.Event()

    @property
    def seqs(self) -> list[int]:
        return [int(self.log.event(row)["seq"]) for row in range(len(self.log))]

    def of(self, kind: type) -> list[object]:
        return [one for one in self.told if isinstance(one, kind)]

    def helper(self) -> int:
        helper = self.source._helper
        assert helper is not None
        return helper.pid

    async def run(self) -> None:
        async for update in self.source:
            if isinstance(update, Arrival):
                Keeper(self.log, update).append(0, update.events)
            else:
                self.told.append(update)
            self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def taking(source: FeedSource) -> AsyncIterator[Taker]:
    taker = Taker(HelpedFeed(source))
    task = asyncio.create_task(taker.run())
    try:
        yield taker
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def arguments_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return False


async def test_a_helper_that_is_killed_is_told_and_nothing_is_lost_or_twice() -> None:
    """Another one goes on behind the last event that came, whether lines are compressed or too few for it."""
    hub = Hub(history_events=10_000)
    async with FeedServer(hub) as server, taking(FeedSource(server.url, first_delay=0.01)) as taker:
        sent = 0
        for size in (10, 500, 10):
            hub.write(batch(sent + 1, 300, size))
            await taker.until(lambda: len(taker.log) > sent)  # noqa: B023 - asked at once
            hub.write(batch(sent + 301, 100, size))  # some of it is on its way
            os.kill(taker.helper(), signal.SIGKILL)
            sent += 400
            await taker.until(lambda: len(taker.log) >= sent)  # noqa: B023 - asked at once
        assert taker.seqs == list(range(1, sent + 1))
        told = [str(one) for one in taker.of(HelperLost)]
        assert told
        assert all("was ended (SIGKILL); another one goes on" in one for one in told)
        assert [one.again for one in taker.of(Connected) if isinstance(one, Connected)][:2] == [False, True]
        assert not taker.of(GapReceived)


async def test_what_the_history_no_longer_has_when_a_helper_dies_is_a_gap_with_its_bounds() -> None:
    """What came and what is named lost are together all there was."""
    hub = Hub(history_events=50)
    async with FeedServer(hub) as server, taking(FeedSource(server.url, first_delay=0.3)) as taker:
        hub.write(batch(1, 20))
        await taker.until(lambda: len(taker.log) == 20)
        os.kill(taker.helper(), signal.SIGKILL)
        await taker.until(lambda: bool(taker.of(HelperLost)))
        for first in range(21, 221, 20):
            hub.write(batch(first, 20))
        await taker.until(lambda: taker.seqs[-1:] == [220])
        (gap,) = taker.of(GapReceived)
        assert isinstance(gap, GapReceived)
        assert sorted([*taker.seqs, *range(gap.from_seq, gap.to_seq + 1)]) == list(range(1, 221))


async def test_helpers_that_keep_dying_are_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """And that is said; the feed is read in this process then."""
    monkeypatch.setattr(helped_feed, "_MODULE", "debugger.sources.errors")  # runs, and ends at once
    hub = Hub()
    async with FeedServer(hub) as server:
        hub.write(batch(1, 5))
        seen = []
        async for update in HelpedFeed(FeedSource(server.url, first_delay=0.01)):
            seen.append(update)
            if type(update).__name__ == "EventsReceived":
                break
    lost = [one.message for one in seen if isinstance(one, HelperLost)]
    assert len(lost) == MOST_DEATHS
    assert "from now on it is read here" in lost[-1]


async def test_a_helper_that_cannot_be_started_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process to be had is no reason to show nothing."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(helped_feed, "start", refuse)
    hub = Hub()
    async with FeedServer(hub) as server:
        hub.write(batch(1, 5))
        async for update in HelpedFeed(FeedSource(server.url)):
            if type(update).__name__ == "EventsReceived":
                return
    pytest.fail("nothing came")


async def test_a_helper_that_speaks_nonsense_is_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is no message is not guessed at."""
    (tmp_path / "nonsense.py").write_text(
        "import os, time\nos.write(1, b'\\x03' + bytes(7) + b'abc')\ntime.sleep(60)"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(helped_feed, "_MODULE", "nonsense")
    async for update in HelpedFeed(FeedSource("127.0.0.1:1", first_delay=0.01)):
        if isinstance(update, HelperLost):
            assert "said what it should not" in update.message
            return
    pytest.fail("the helper was not lost")


async def test_a_refusal_ends_it_and_a_token_is_no_argument() -> None:
    """What other users of the machine may read of a process has no secrets."""
    hub = Hub()
    async with FeedServer(hub, policy=TokenPolicy(TOKEN, required=True)) as server:
        source = HelpedFeed(FeedSource(server.url, "another-horse-battery"))
        told = [update async for update in source]
        assert isinstance(told[-1], Disconnected)
        assert told[-1].retry_in is None
        async with taking(FeedSource(server.url, TOKEN)) as taker:
            await taker.until(lambda: bool(taker.of(Connected)))
            assert TOKEN not in arguments_of(taker.helper())


async def test_the_helper_ends_with_who_wants_it_however_that_ends() -> None:
    """A debugger that is killed leaves no process behind, although its feed is silent."""
    hub = Hub()
    program = """
        import asyncio, sys
        from debugger.sources import helped_feed
        from debugger.sources.feed import FeedSource
        async def main():
            helped_feed.worth_a_process = lambda: True
            source = helped_feed.HelpedFeed(FeedSource(sys.argv[1]))
            async for _ in source:
                print(source._helper.pid, flush=True)
        asyncio.run(main())
    """
    async with FeedServer(hub) as server:
        hub.write(batch(1, 5))
        who = await asyncio.create_subprocess_exec(
            sys.executable, "-c", textwrap.dedent(program), server.url, stdout=subprocess.PIPE
        )
        assert who.stdout is not None
        helper = int(await who.stdout.readline())
        assert alive(helper)
        who.kill()
        await who.wait()
        ends = time.monotonic() + 20
        while alive(helper):
            assert time.monotonic() < ends
            await asyncio.sleep(0.02)


async def test_an_interrupt_of_the_terminal_is_for_the_debugger_alone() -> None:
    """Ctrl-C goes to all processes of a terminal."""
    hub = Hub()
    async with FeedServer(hub) as server, taking(FeedSource(server.url)) as taker:
        hub.write(batch(1, 5))
        await taker.until(lambda: len(taker.log) == 5)
        os.kill(taker.helper(), signal.SIGINT)
        hub.write(batch(6, 5))
        await taker.until(lambda: len(taker.log) == 10)
        assert not taker.of(HelperLost)
