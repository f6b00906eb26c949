"""Rows as the screen and ``FILE#row=5`` count them: from 1. Inside, they count from 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

if TYPE_CHECKING:
    from debugger.analysis.findings import Finding
    from debugger.analysis.turns import Turn


def turn_from_one(turn: Turn) -> Turn:
    """A turn with rows from 1."""
    return replace(
        turn,
        first_row=turn.first_row + 1,
        last_row=turn.last_row + 1,
        status_row=None if turn.status_row is None else turn.status_row + 1,
        milestones={name: replace(one, row=one.row + 1) for name, one in turn.milestones.items()},
    )


def findings_from_one(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings with rows from 1; the row of those that are nowhere is null."""
    from debugger.analysis.turns import to_json  # noqa: PLC0415 - loads numpy

    return [
        to_json(one) | {"row": one.row + 1 if one.row >= 0 else None, "rows": [row + 1 for row in one.rows]}
        for one in findings
    ]
