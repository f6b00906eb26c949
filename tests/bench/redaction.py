"""What redaction costs the drain, an event: off, on with nothing to find, and with something in each.

CPU time of this process, for the events of a voice turn: a message with a text, and its component's snapshot.
"""

from __future__ import annotations

import time

import msgspec

from backend.events.messages import ChunkResponse
from backend.events.vocabulary import PUBLISHED
from backend.tap import Batch, Tap
from backend.tap.redaction import Redaction
from tests.bench.emit_story import COMPONENT, KIND, MESSAGE

EVENTS = 2_000
ROUNDS = 15
OWN = Redaction(keys=("caller.*",), patterns={"account": "ACC-[0-9]{6,10}"}, words=("Ada Lovelace",))


class Nowhere:
    def write(self, batch: Batch) -> None:
        """Let it go."""

    def close(self) -> None:
        """Nothing is open."""


def message(text: str, number: int) -> ChunkResponse:
    return msgspec.structs.replace(MESSAGE, text=text, chunk_index=number)


def per_event(redact: Redaction | None, text: str) -> float:
    """Nanoseconds of the drain alone, for each of `EVENTS`."""
    with Tap("bench", sinks=(Nowhere(),), redact=redact) as tap:
        tap.drain()
        took = 0
        for start in range(0, EVENTS, 500):
            for number in range(start, start + 500):
                state = {"state": "ACTIVE", "current_worker": f"w{number % 7}", "queued": number % 5}
                tap.emit(PUBLISHED, COMPONENT, KIND, message(f"{text} {number}", number), state)
            began = time.process_time_ns()
            tap.drain()
            took += time.process_time_ns() - began
    return took / EVENTS


WAYS: tuple[tuple[str, Redaction | None, str], ...] = (
    ("off", None, "The weather in Paris is mild today, with a light wind"),
    ("on, nothing to redact", Redaction(), "The weather in Paris is mild today, with a light wind"),
    ("on, and patterns of one's own", OWN, "The weather in Paris is mild today, with a light wind"),
    ("on, an address in each", Redaction(), "Please write to ada@example.org or call +49 151 23456789"),
)


def report() -> None:
    """Print a line for each way."""
    took: dict[str, list[float]] = {name: [] for name, _, _ in WAYS}
    for _ in range(ROUNDS):
        for name, redact, text in WAYS:
            took[name].append(per_event(redact, text))
    # The best round: what a machine that is busy elsewhere adds is no cost of redacting.
    off = min(took["off"])
    for name, rounds in took.items():
        print(
            f"redaction  {name:32} {min(rounds):7,.0f} ns an event in the drain (+{min(rounds) - off:,.0f})"
        )


if __name__ == "__main__":
    report()
