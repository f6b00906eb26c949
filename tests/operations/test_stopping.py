"""How `serve` ends: in order and within its time, or at once when told twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from websockets.sync.client import connect

from backend.operations.health import Status
from backend.store.layout import LOCK
from tests.cli.command import ROOT, home
from tests.cli.test_serve import Lines
from tests.operations.backends import backend_of
from tests.store.stored import stored
from tests.support.assistant import FakeSink, Record


class Running:
    """A scripted `serve` with a store and a recording."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        assert process.stderr is not None
        self.process = process
        self.folder = folder
        self.log = Lines(process.stderr)
        self.address = self.log.wait_for("feed at ").partition("feed at ")[2].partition(";")[0]
        self.log.wait_for("llm ready")
        self._stopped: int | None = None

    def freeze_store(self) -> None:
        """Its process stands still: nothing more is stored until it is let go."""
        self._stopped = int((self.folder / "store" / LOCK).read_text())
        os.kill(self._stopped, signal.SIGSTOP)

    def let_store_go(self) -> None:
        """Nothing, where it is gone."""
        with contextlib.suppress(ProcessLookupError):
            if self._stopped is not None:
                os.kill(self._stopped, signal.SIGCONT)

    def readiness(self) -> tuple[int, str]:
        """What orchestrators see."""
        answer = httpx.get(f"{self.address}/health/ready", trust_env=False)
        return answer.status_code, answer.json()["status"]

    def until_stopping(self) -> None:
        """The first answer after the signal that is another one is the one of the end."""
        end = time.monotonic() + 20
        while (said := self.readiness()) == (200, Status.OK):
            assert time.monotonic() < end
        assert said == (503, "stopping")


@contextlib.contextmanager
def running(tmp_path: Path, *more: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "tests.operations.scripted_serve", "serve", "--port", "0"]
    command += ["--store", str(tmp_path / "store"), "--record", str(tmp_path / "r.jsonl"), *more]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=home(tmp_path),
        cwd=ROOT,
    ) as process:
        server = Running(process, tmp_path)
        try:
            yield server
        finally:
            process.kill()
            server.let_store_go()


def test_sigterm_ends_everything_in_order(tmp_path: Path) -> None:
    """Unready at once, the viewer gets the end and 1001, recording and store are whole, and the code is 0."""
    with running(tmp_path) as server, connect(f"ws{server.address[4:]}/ws/events") as viewer:
        assert server.readiness() == (200, "ok")
        server.freeze_store()
        server.process.send_signal(signal.SIGTERM)
        server.until_stopping()
        *_, last = viewer  # until it is closed
        assert viewer.close_code == 1001
        assert json.loads(last)["message_type"] == "RECORDING_ENDED"
        assert httpx.get(f"{server.address}/health/live", trust_env=False).status_code == 200
        server.let_store_go()
        assert server.process.wait(20) == 0
        assert "Traceback" not in "".join(server.log.wait_for_end())
    events = stored(tmp_path / "store")
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[-1].message_type == "RECORDING_ENDED"
    assert events[-1].payload()["count"] == len(events) == (tmp_path / "r.jsonl").read_bytes().count(b"\n")


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    """Whatever is still to be done."""
    with running(tmp_path) as server:
        server.freeze_store()
        server.process.send_signal(signal.SIGTERM)
        server.until_stopping()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(5) == -signal.SIGTERM


def test_a_store_that_takes_nothing_does_not_keep_it(tmp_path: Path) -> None:
    """After its grace it says how many events are not stored; the recording has them."""
    with running(tmp_path, "--grace", "1") as server:
        server.freeze_store()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        told = server.log.wait_for("events are not in the store")
    assert told.startswith("doubletalk: StoreSink stopped: StoreError: ")
    assert (
        json.loads((tmp_path / "r.jsonl").read_bytes().splitlines()[-1])["message_type"] == "RECORDING_ENDED"
    )


async def test_a_session_that_does_not_end_is_left(tmp_path: Path) -> None:
    """In its share of the grace, with an error in the recording."""
    record = Record()
    backend = backend_of(tmp_path, grace=1)
    async with backend:
        backend.tap.add_sink(record)
        await backend.load()
        session = backend.open_session("ada", FakeSink())

        async def never() -> None:
            await asyncio.Event().wait()

        session.close = never  # type: ignore[method-assign]
    (error,) = record.of("error", component="backend")
    assert error.payload()["error_message"] == "the sessions did not end within 0.15 s: left as they are"
    assert record.events[-1].message_type == "RECORDING_ENDED"
