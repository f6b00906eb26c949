"""Starting the interface the way that was measured to be quick.

Import this before anything of Textual: it reads its frame rate when it is imported.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Final

os.environ.setdefault("TEXTUAL_FPS", "120")

if TYPE_CHECKING:
    from debugger.tui.app import DebuggerApp
    from debugger.tui.diff.app import DiffApp

_GC_THRESHOLDS: Final = (50_000, 50, 100)


def calm_collector() -> None:
    """Spare the garbage collector what lives for ever anyway: it costs pauses of 60 to 90 ms else."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def run(app: DebuggerApp | DiffApp) -> None:
    """Run the application on the terminal until it is quit."""
    app.on_started = calm_collector
    if sys.__stderr__ is not None and not sys.__stderr__.isatty():
        # Textual paints on stderr; with `2> file` the screen would stay empty.
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc] # typeshed has it final; Python has not
    app.run()
