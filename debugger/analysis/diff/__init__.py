"""Two recordings side by side: aligned by turn and cause, and where they part."""

from __future__ import annotations

from debugger.analysis.diff import flags
from debugger.analysis.diff.alignment import GAP, Aligned
from debugger.analysis.diff.compare import Diff, StoppedError, compare
from debugger.analysis.diff.keys import Scope
from debugger.analysis.diff.places import label_of, place_of
from debugger.analysis.diff.records import (
    SCHEMA,
    CauseDifference,
    DiffReport,
    Divergence,
    LatencyDifference,
    OrderDifference,
    Pair,
    Place,
    Side,
    StreamDifference,
    TurnDifference,
    Unmatched,
    ValueDifference,
    to_json,
)

__all__ = [
    "GAP",
    "SCHEMA",
    "Aligned",
    "CauseDifference",
    "Diff",
    "DiffReport",
    "Divergence",
    "LatencyDifference",
    "OrderDifference",
    "Pair",
    "Place",
    "Scope",
    "Side",
    "StoppedError",
    "StreamDifference",
    "TurnDifference",
    "Unmatched",
    "ValueDifference",
    "compare",
    "flags",
    "label_of",
    "place_of",
    "to_json",
]
