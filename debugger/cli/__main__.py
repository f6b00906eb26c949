"""``python -m debugger.cli`` is `doubletalk`."""

from __future__ import annotations

from debugger.cli import main

main()
