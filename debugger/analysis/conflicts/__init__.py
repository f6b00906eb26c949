"""Conflicts: pairs of steps that nothing orders although their order matters, and updates that get lost."""

from __future__ import annotations

from debugger.analysis.conflicts.conflicts import Conflicts
from debugger.analysis.conflicts.covering import Covered
from debugger.analysis.conflicts.records import (
    Clash,
    Counts,
    Ease,
    Limits,
    MessagePair,
    Place,
    Race,
    Touch,
    Update,
)

__all__ = [
    "Clash",
    "Conflicts",
    "Counts",
    "Covered",
    "Ease",
    "Limits",
    "MessagePair",
    "Place",
    "Race",
    "Touch",
    "Update",
]
