"""`doubletalk serve` as a user runs it: doors, feed, recording, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import urllib.request
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from websockets.sync.client import connect

from backend.speech import inspect_wav, read_wav
from tests.cli.command import CLI, ROOT, home

pytestmark = [pytest.mark.models, pytest.mark.timeout(60)]

NO_MODEL = ("--model", "http://127.0.0.1:9/v1#nobody")
HELLO = ROOT / "backend" / "conversation" / "scripts" / "wav" / "hello.wav"


class Lines:
    """What a process prints, waited for line by line."""

    def __init__(self, stream: IO[str]) -> None:
        self.all: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._news:
                self.all.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(self, text: str, times: int = 1, seconds: float = 30) -> str:
        """The line in which a text comes for the n-th time."""

        def found() -> list[str]:
            return [line for line in self.all if text in line]

        with self._news:
            self._news.wait_for(lambda: len(found()) >= times or self._ended, seconds)
            assert len(found()) >= times, "".join(self.all)
            return found()[times - 1]

    def wait_for_end(self) -> list[str]:
        """Everything, once the process has closed the stream."""
        with self._news:
            assert self._news.wait_for(lambda: self._ended, 30)
        return self.all


class Served:
    """A running `doubletalk serve`."""

    def __init__(self, process: subprocess.Popen[str], recording: Path) -> None:
        assert process.stderr is not None
        assert process.stdout is not None
        self._process = process
        self._recording = recording
        self.log = Lines(process.stderr)
        self.answers = Lines(process.stdout)

    @property
    def address(self) -> str:
        """Where the feed is, as the log says it."""
        return self.log.wait_for("feed at ").partition("feed at ")[2].partition(";")[0]

    def type(self, text: str) -> None:
        """Type lines."""
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def end(self, number: signal.Signals) -> int:
        """Send a signal; returns the exit code. Nothing of a traceback was printed by then."""
        self._process.send_signal(number)
        code = self._process.wait(20)
        assert "Traceback" not in "".join(self.log.wait_for_end())
        return code

    def events(self) -> list[dict[str, Any]]:
        """The recording, which is whole: no number is missing, and it says that it ended."""
        events = [json.loads(line) for line in self._recording.read_bytes().splitlines()]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[0]["message_type"] == "RECORDING_STARTED"
        assert events[-1]["message_type"] == "RECORDING_ENDED"
        assert events[-1]["data"]["count"] == len(events)
        return events


@contextmanager
def serving(tmp_path: Path, *arguments: str, stdin: int | IO[bytes] = subprocess.PIPE) -> Iterator[Served]:
    """A server with a recording, killed at the end if it is still there."""
    recording = tmp_path / "served.jsonl"
    command = [*CLI, "serve", "--port", "0", "--fast", "--record", str(recording), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=stdin, stdout=pipe, stderr=pipe, text=True, env=home(tmp_path)
    ) as process:
        try:
            yield Served(process, recording)
        finally:
            process.kill()


def published(events: list[dict[str, Any]], message_type: str) -> list[dict[str, Any]]:
    return [
        event
        for event in events
        if event["message_type"] == message_type and event["event_type"] == "message_published"
    ]


def test_typed_turns_are_answered_recorded_and_seen_by_any_websocket_client(tmp_path: Path) -> None:
    """Answers are printed, spoken into the WAV and told to a plain client; another agent takes over."""
    out = tmp_path / "said.wav"
    with serving(tmp_path, "--stdin", "--out", str(out)) as server:
        address = server.address
        with connect(address.replace("http", "ws", 1) + "/ws/events") as client:
            server.log.wait_for("llm ready")
            server.type("What is 12 times 7?\n")
            server.answers.wait_for("84")
            server.type("/agent nobody\n/agent storyteller\nHello!\n")
            seen: list[dict[str, Any]] = []
            while not any(e["turn"] == 2 for e in published(seen, "TTS_BOT_STARTED_SPEAKING")):
                seen.append(json.loads(client.recv(timeout=30)))
        with urllib.request.urlopen(f"{address}/api/events/stats", timeout=10) as answer:  # noqa: S310 - ours
            stats = json.load(answer)
        assert server.end(signal.SIGINT) == 130
    events = server.events()
    assert stats["published"] <= len(events)
    first = seen[0]["seq"]
    assert seen == events[first - 1 : first - 1 + len(seen)]
    assert "no agent 'nobody'; there are: guide, storyteller" in server.log.wait_for("doubletalk: ")
    (change,) = published(events, "AGENT_CHANGED")
    assert change["data"]["to_agent"] == "storyteller"
    agents = [event["data"]["agent_id"] for event in published(events, "PROCESS_USER_INPUT")]
    assert agents == [change["data"]["from_agent"], "storyteller"]
    assert inspect_wav(out).duration_ms > 500
    assert np.abs(read_wav(out).samples).max() > 0.1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_stays_usable_without_its_model(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """Typed turns end with a word to the user, turn after turn; a signal ends it with a whole recording."""
    with serving(tmp_path, "--stdin", *NO_MODEL) as server:
        for turn in (1, 2):
            server.type("are you there?\n")
            assert "127.0.0.1:9" in server.log.wait_for("told the user", turn)
        assert server.end(number) == code
    told = published(server.events(), "SYSTEM_MESSAGE")
    assert [event["turn"] for event in told] == [1, 2]
    assert not server.answers.all


def test_an_end_while_it_loads_is_in_order(tmp_path: Path) -> None:
    """Ctrl-C does not wait for the models; the recording says that it ended."""
    with serving(tmp_path) as server:
        assert server.address
        assert server.end(signal.SIGINT) == 130
    assert not any("ready" in line for line in server.log.all if "llm" in line)
    server.events()


def test_wavs_of_any_form_are_heard_and_silence_is_no_turn(tmp_path: Path) -> None:
    """A silent file begins no turn; 48 kHz stereo is understood word for word."""
    spoken = np.round(read_wav(HELLO, 48_000).samples * 32_767).astype("<i2")
    for name, samples in (("silent", np.zeros(48_000 * 3, "<i2")), ("spoken", spoken)):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
            file.setparams((2, 2, 48_000, 0, "NONE", ""))
            file.writeframes(np.repeat(samples, 2).tobytes())
    wavs = ("--wav", str(tmp_path / "silent.wav"), "--wav", str(tmp_path / "spoken.wav"))
    with serving(tmp_path, *wavs, *NO_MODEL, stdin=subprocess.DEVNULL) as server:
        server.log.wait_for("told the user")
        assert server.end(signal.SIGTERM) == 0
    (transcript,) = published(server.events(), "COMPLETE_TRANSCRIPT")
    assert transcript["turn"] == 1
    assert transcript["data"]["text"] == "Hello, my name is Ada and I am happy to meet you."


def test_typed_lines_may_come_from_a_file(tmp_path: Path) -> None:
    """Empty lines and one without an end are taken as they are meant; one without measure is refused."""
    typed = tmp_path / "typed.txt"
    typed.write_bytes(b"\n  \r\n" + b"a" * 200_000 + b"\nb\xff\x1bd")
    with typed.open("rb") as file, serving(tmp_path, "--stdin", *NO_MODEL, stdin=file) as server:
        assert "a line of more than 8000 bytes is not taken" in server.log.wait_for("doubletalk: ")
        server.log.wait_for("told the user")
        assert server.end(signal.SIGTERM) == 0
    (transcript,) = published(server.events(), "COMPLETE_TRANSCRIPT")
    assert transcript["data"]["text"] == "b\ufffd\x1bd"


def test_an_input_that_is_nothing_is_at_its_end(tmp_path: Path) -> None:
    """With ``--stdin </dev/null`` the feed is served all the same."""
    with serving(tmp_path, "--stdin", *NO_MODEL, stdin=subprocess.DEVNULL) as server:
        server.log.wait_for("stt ready")
        assert server.end(signal.SIGTERM) == 0
    assert not published(server.events(), "COMPLETE_TRANSCRIPT")
