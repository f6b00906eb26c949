"""Books of what a store has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from backend.store.sql import Tables, run
from tests.faults.ledger import Ledger

_ROWS: Final = "SELECT source, seq, message_type, data::VARCHAR FROM events"


def in_store(folder: Path) -> Ledger:
    """What a store has, as anybody is told who asks it."""
    tables = Tables()
    tables.add_store(folder)
    books = Ledger()
    books.rows(run(tables, _ROWS).fetchall())
    return books


def last_stored(folder: Path) -> dict[str, int]:
    """Of each source in it, the last seq."""
    tables = Tables()
    tables.add_store(folder)
    return dict(run(tables, "SELECT source, max(seq) FROM events GROUP BY source").fetchall())
