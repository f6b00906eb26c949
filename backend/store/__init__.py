"""The event store: a folder of JSONL, which is the truth, with Parquet beside it, which is the index.

`layout` says what is where. One process writes (`python -m backend.store`); a tap feeds it through
`StoreSink`. Whoever reads needs no lock: files appear by renaming, and lines only at the end.
"""

from __future__ import annotations

from backend.store.errors import StoreError
from backend.store.layout import is_store
from backend.store.sink import StoreSink

__all__ = ["StoreError", "StoreSink", "is_store"]
