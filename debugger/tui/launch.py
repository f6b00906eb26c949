"""Starting the interface the way that was measured to be quick.

Import this before anything of Textual: it reads its frame rate when it is imported.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from debugger.tui.collector import calm_collector

os.environ.setdefault("TEXTUAL_FPS", "120")

SWITCH_SECONDS: Final = 0.001
"""How long the thread that writes on the terminal waits for the one that paints the next thing, several times
a frame. Python has five times as much."""

if TYPE_CHECKING:
    from debugger.tui.app import DebuggerApp
    from debugger.tui.diff.app import DiffApp


def run(app: DebuggerApp | DiffApp) -> None:
    """Run the application on the terminal until it is quit."""
    sys.setswitchinterval(SWITCH_SECONDS)
    from debugger.tui.strips import paint_without_cycles  # noqa: PLC0415 - that reads the frame rate

    paint_without_cycles()
    app.on_started = calm_collector
    if sys.__stderr__ is not None and not sys.__stderr__.isatty():
        # Textual paints on stderr; with `2> file` the screen would stay empty.
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc] # typeshed has it final; Python has not
    app.run()
