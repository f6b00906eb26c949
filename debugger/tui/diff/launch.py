"""Starting a comparison on the terminal."""

from __future__ import annotations

import sys

from debugger.sources.file import FileSource
from debugger.tui import launch, plain, settings
from debugger.tui.diff.app import DiffApp


def show(sources: tuple[FileSource, FileSource], names: tuple[str, str], *, ascii_only: bool) -> int:
    """Show a comparison until the user quits, as he chose it to look; the exit code."""
    chosen, problems = settings.load(settings.folder())
    for problem in problems:
        sys.stderr.write(f"doubletalk: {problem}\n")
    app = DiffApp(sources, names, chosen=chosen, ascii_only=ascii_only or plain.wanted())
    launch.run(app)
    return app.exit_code
