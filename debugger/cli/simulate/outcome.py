"""What came of a run, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.scenarios import Played


def summary(played: Played) -> str:
    """How it ended, how long it was, and how much is in its recording."""
    run = played.run
    events = played.recording.count(b"\n")
    counts = f"{_many(run.steps, 'step')}, {_many(events, 'event')}"
    return f"{run.outcome.value} after {run.seconds:.3f} s, {counts}"


def problems(played: Played) -> tuple[str, ...]:
    """What went wrong in the run itself, a line each: what ended it, failed unseen, or was left running."""
    if played.run.clean:
        return ()
    from debugger.explore.oracle import Oracle, judged  # noqa: PLC0415 - loads numpy, and most runs are clean

    return tuple(found.message for found in judged(played, Oracle(recorded=False)))


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
