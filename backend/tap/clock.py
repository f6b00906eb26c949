"""Where time comes from. A simulation hands in its own, or has its own found where the machine's would be."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings in nanoseconds: since the epoch, and monotonic."""

    # Looked up when a clock is made, not when this module is loaded: a simulated run replaces them meanwhile.
    wall_ns: Callable[[], int] = field(default_factory=lambda: time.time_ns)
    mono_ns: Callable[[], int] = field(default_factory=lambda: time.monotonic_ns)
