"""What came of a conversation, in a few lines, read from the recording it left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from backend.conversation.driver import TurnOutcome
from backend.events import decode_line

_PUNCTUATION = str.maketrans(dict.fromkeys(".,!?;:'\"-", " "))


def summarise(turns: Sequence[TurnOutcome], folder: Path) -> Iterator[str]:
    """The turns, what was understood of them, the latencies and the files."""
    errors = words = 0
    for turn in turns:
        yield f"turn {turn.turn} of {turn.session_id}: {turn.ended}"
        yield f"  said:  {turn.said}"
        yield f"  heard: {turn.heard}"
        errors += word_errors(turn.said, turn.heard)
        words += len(_words(turn.said))
    recording = folder / "recording.jsonl"
    events, first_audio = _read(recording)
    if words:
        yield f"word errors: {errors} of {words} ({100 * errors / words:.1f} %)"
    if first_audio:
        shown = ", ".join(f"{value / 1000:.2f}" for value in first_audio)
        yield f"first audio after the end of speech: {shown} s (median {median(first_audio) / 1000:.2f} s)"
    wavs = ", ".join(path.name for path in sorted(folder.glob("*.wav")))
    yield f"recording: {recording} ({events} events); in the same folder: {wavs}"
    yield f"look at it: doubletalk replay {recording}"


def _read(recording: Path) -> tuple[int, list[float]]:
    """Number of events, and milliseconds to first audio of each answered turn."""
    events = 0
    first_audio: list[float] = []
    with recording.open("rb") as lines:
        for line in lines:
            events += 1
            if b'"PERFORMANCE"' in line:
                data = decode_line(line).payload()
                if data.get("metric") == "first_audio_after_speech_ms":
                    first_audio.append(float(data["value"]))
    return events, first_audio


def word_errors(said: str, heard: str) -> int:
    """Words to insert, delete or replace to make one text of the other (Levenshtein)."""
    wanted, got = _words(said), _words(heard)
    row = list(range(len(got) + 1))
    for number, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(got, 1):
            replaced = diagonal + (word != other)
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, replaced)
    return row[-1]


def _words(text: str) -> list[str]:
    """Lower case, without punctuation."""
    return text.lower().translate(_PUNCTUATION).split()
