"""What goes wrong with a store."""

from __future__ import annotations

from backend.errors import UserError


class StoreError(UserError):
    """A store that cannot be opened, read or written: one line, with what to do."""


def told(error: OSError, what: str, path: object) -> StoreError:
    """``cannot write DIR/events/000001.jsonl: No space left on device; …``."""
    advice = {
        28: "; make room, and it goes on",  # ENOSPC
        27: "; the limit of a file's size is reached: raise it (ulimit -f)",  # EFBIG
        30: "; the file system is read-only: name another folder",  # EROFS
        13: "; give yourself the right, or name another folder",  # EACCES
    }
    return StoreError(f"cannot {what} {path}: {error.strerror or error}{advice.get(error.errno or 0, '')}")
