"""What there is to be told about a finding: its explanation, and how each of its two events came about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from debugger.analysis.explain import Explanation
from debugger.analysis.findings import Finding
from debugger.analysis.online import Online
from debugger.analysis.order import Edge, Rule
from debugger.analysis.ranking import pair_of
from debugger.analysis.told import Step, Story

WIDTHS: Final = (40, 56, 72, 92, 120)
"""Cells for which an explanation is set."""


def story_of(online: Online, finding: Finding) -> Story:
    """All of it, of what is known to `online`."""
    order = online.order
    first, second = pair_of(finding)
    if second < order.first_row or second >= order.looked_at:
        return Story()
    explanation = online.explain(finding)
    if explanation is None:
        known = first >= order.first_row
        return Story(
            _steps(order.history(first), first) if known else (), _steps(order.history(second), second)
        )
    parting = order.parting(first, second)
    return Story(
        _steps(parting.left, first, parting.common),
        _steps(parting.right, second, parting.common),
        explanation.missing,
        explanation.missing_rows,
        tuple(_page(explanation, width) for width in WIDTHS),
    )


def _page(explanation: Explanation, width: int) -> tuple[int, tuple[str, ...]]:
    return width, explanation.lines(width)


def _steps(edges: Sequence[Edge], last: int, common: int | None = None) -> tuple[Step, ...]:
    """The rows over which edges lead, each once, from what is in both histories up to the last."""
    found: dict[int, str] = {} if common is None else {common: ""}
    for edge in edges:
        if edge.via is not None:
            found.setdefault(edge.via, "")
        found[edge.after] = "" if edge.rule is Rule.PROGRAM else edge.rule.value
    found.setdefault(last, "")
    return tuple(Step(row, found[row]) for row in sorted(found))
