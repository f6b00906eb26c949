"""The demo, run as a user runs it: real speech in, real speech out, a recording left behind."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import jiwer
import pytest

from backend.events import Event, decode_line
from backend.speech import WhisperStt, read_wav

pytestmark = [pytest.mark.models, pytest.mark.timeout(180)]


class Demo:
    """What one run of the demo printed and left."""

    def __init__(self, folder: Path, run: subprocess.CompletedProcess[str]) -> None:
        self.folder = folder
        self.run = run

    def events(self) -> list[Event]:
        lines = (self.folder / "recording.jsonl").read_bytes().splitlines()
        return [decode_line(line) for line in lines]

    def transcribe(self, name: str) -> str:
        async def read() -> str:
            stt = WhisperStt()
            await stt.start()
            transcript = await stt.transcribe(read_wav(self.folder / name))
            await stt.close()
            return transcript.text

        return asyncio.run(read())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One headless run of the built-in conversation."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "debugger.cli", "demo", "--headless", "--out", str(folder)]
    run = subprocess.run(  # the exit code is looked at below
        command, check=False, capture_output=True, text=True, timeout=170, stdin=subprocess.DEVNULL
    )
    assert run.returncode == 0, run.stderr
    return Demo(folder, run)


def test_the_conversation_runs_to_its_end_with_one_barge_in(demo: Demo) -> None:
    """Four turns; the third is interrupted, the others answered; the summary says so."""
    ends = re.findall(r"^turn \d+ of demo: (\w+)$", demo.run.stdout, re.MULTILINE)
    assert ends == ["answered", "answered", "interrupted", "answered"]
    assert "first audio after the end of speech" in demo.run.stdout
    assert "Traceback" not in demo.run.stderr


def test_what_was_understood_is_what_was_spoken(demo: Demo) -> None:
    """Word error rate of all transcripts under 15 %."""
    said = re.findall(r"^  said:  (.*)$", demo.run.stdout, re.MULTILINE)
    heard = re.findall(r"^  heard: (.*)$", demo.run.stdout, re.MULTILINE)
    assert len(said) == len(heard) == 4
    clean = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.ReduceToListOfListOfWords()])
    assert jiwer.wer(said, heard, reference_transform=clean, hypothesis_transform=clean) < 0.15


def test_the_assistants_wav_holds_speech_that_can_be_read_back(demo: Demo) -> None:
    """The recogniser finds the words of the model's first answer in it."""
    finished = next(
        event.payload()["text"]
        for event in demo.events()
        if event.message_type == "LLM_EVENT" and event.payload().get("event") == "stream_finished"
    )
    spoken = set(re.findall(r"[a-z]+", demo.transcribe("assistant.wav").lower()))
    wanted = set(re.findall(r"[a-z]+", finished.lower()))
    assert len(wanted & spoken) >= 0.6 * len(wanted)


def test_the_recording_is_whole(demo: Demo) -> None:
    """Begun, ended, gapless, and every cause is in it."""
    events = demo.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ids = {event.id for event in events}
    assert all(event.cause in ids for event in events if event.cause is not None)
    assert events[-1].message_type == "RECORDING_ENDED"
    assert events[-1].payload()["count"] == len(events)


def test_no_sound_of_the_interrupted_turn_follows_the_barge_in(demo: Demo) -> None:
    """Once audio_output has handled the speech, no piece of the turn before it starts to play."""
    current, played = 0, []
    for event in demo.events():
        if event.component == "audio_output":
            handled = event.event_type == "message_handled"
            if handled and event.message_type == "STT_USER_STARTED_SPEAKING":
                current = event.turn or 0
            if event.message_type == "AUDIO_PLAYING":
                assert (event.turn or 0) >= current
                played.append(event.turn)
    assert set(played) == {1, 2, 3, 4}
