"""Names that came from somewhere, as names of files in a folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from backend.store.errors import StoreError

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}")


def inside(folder: Path, name: str) -> Path:
    """The file of that name in the folder, and nowhere else.

    Raises:
        StoreError: the name leads, or could lead, out of it.
    """
    path = folder / name if _NAME.fullmatch(name) else None
    if path is None or path.is_symlink() or path.resolve().parent != folder.resolve():
        raise StoreError(f"{name[:80]!r} is no name of a recording: letters, digits, and . _ - @ + within")
    return path
