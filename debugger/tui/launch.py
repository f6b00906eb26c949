"""Starting the interface the way that was measured to be quick.

Import this before anything of Textual: it reads its frame rate when it is imported.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from debugger.tui.collector import calm_collector

os.environ.setdefault("TEXTUAL_FPS", "120")

if TYPE_CHECKING:
    from debugger.tui.app import DebuggerApp
    from debugger.tui.diff.app import DiffApp


def run(app: DebuggerApp | DiffApp) -> None:
    """Run the application on the terminal until it is quit."""
    app.on_started = calm_collector
    if sys.__stderr__ is not None and not sys.__stderr__.isatty():
        # Textual paints on stderr; with `2> file` the screen would stay empty.
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc] # typeshed has it final; Python has not
    app.run()
