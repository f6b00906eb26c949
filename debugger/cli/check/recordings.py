"""Which recordings are meant."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from backend.errors import UserError
from debugger.cli.inspect.loading import recordings_in


def recordings_meant(paths: Sequence[str]) -> list[str]:
    """Files, folders with all that are in them, patterns such as ``logs/**/*.jsonl``; each once.

    Raises:
        UserError: nothing is there.
    """
    meant: list[str] = []
    for path in paths:
        if path != "-" and glob.has_magic(path) and not Path(path).exists():
            found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
            if not found:
                raise UserError(f"{path}: no file matches this pattern")
            meant += recordings_in([one for one in found if not one.endswith(".notes.json")])
        else:
            meant += recordings_in([path])
    return list(dict.fromkeys(meant))
