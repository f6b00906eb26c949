"""In which order findings are told, and which of them are the same. Nothing here loads the analysis."""

from __future__ import annotations

from typing import Final

from debugger.analysis.findings import Finding

Key = tuple[str, str, int, tuple[int, ...]]
"""What makes a finding the one that it was before, though it may be told in other words by now."""

_SEVERITIES: Final = ("error", "warning", "info")
_VERDICTS: Final = ("violation", "reported", "predicted", "integrity")


def rank(finding: Finding) -> tuple[bool, int, int, int]:
    """The worst first; what is accepted last."""
    severity, verdict = _SEVERITIES.index(finding.severity), _VERDICTS.index(finding.verdict)
    return bool(finding.suppressed), severity, verdict, finding.row


def key_of(finding: Finding) -> Key:
    """The finding's own."""
    return finding.rule, finding.verdict, finding.row, finding.rows[:2]


def line_key(finding: Finding) -> tuple[object, ...]:
    """The same for who shows it in a line: those that are about no event have but their words."""
    return (*key_of(finding), finding.message if finding.row < 0 else "")


def pair_of(finding: Finding) -> tuple[int, int]:
    """Its two events, the earlier first; where there is but one, -1 and that; -1 twice for none."""
    rows = sorted(set(finding.rows[:2]))
    if len(rows) > 1:
        return rows[0], rows[1]
    return -1, rows[0] if rows else finding.row
