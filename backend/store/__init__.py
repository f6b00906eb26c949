"""The event store: a folder of JSONL, which is the truth, with Parquet beside it, which is the index.

`layout` says what is where. One process writes (`python -m backend.store`); a tap feeds it through
`sink.StoreSink`. Whoever reads needs no lock: files appear by renaming, and lines only at the end.
"""

from __future__ import annotations

from backend.store.errors import StoreError
from backend.store.layout import is_store

__all__ = ["StoreError", "is_store"]
