"""What a program adds to itself to be seen: msgspec and stdlib only.

    async with Tap("my-app", sinks=(Recorder("run.jsonl"),)) as tap:
        ...

From then on tasks report themselves; `Tap.emit`, `Probe`, `watch`, `TappedLock`,
`TappedQueue` and `TappedExecutor` tell the rest.
"""

from __future__ import annotations

from backend.tap.batch import Batch, Sink
from backend.tap.clock import Clock
from backend.tap.context import (
    Activation,
    Scope,
    as_component,
    current,
    current_scope,
    for_worker,
    turn_scope,
    within,
)
from backend.tap.probe import Probe
from backend.tap.recorder import Recorder
from backend.tap.sync import TappedLock, TappedQueue
from backend.tap.tap import StateGetter, Tap, describe_error
from backend.tap.tasks import TappedExecutor, TappedTask, call_later, silent, to_thread
from backend.tap.watch import watch

__all__ = [
    "Activation",
    "Batch",
    "Clock",
    "Probe",
    "Recorder",
    "Scope",
    "Sink",
    "StateGetter",
    "Tap",
    "TappedExecutor",
    "TappedLock",
    "TappedQueue",
    "TappedTask",
    "as_component",
    "call_later",
    "current",
    "current_scope",
    "describe_error",
    "for_worker",
    "silent",
    "to_thread",
    "turn_scope",
    "watch",
    "within",
]
