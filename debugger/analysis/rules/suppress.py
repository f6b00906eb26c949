"""Findings that are known and accepted for a while: with a reason, and up to a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec.structs import replace

from debugger.analysis.findings import Finding
from debugger.analysis.rules.ledger import INTEGRITY
from debugger.analysis.rules.schema import Suppress


def suppressed(
    findings: Sequence[Finding], suppressions: Sequence[Suppress], today: dt.date
) -> tuple[Finding, ...]:
    """The same findings, those that are accepted with the reason; one is in force up to and on its day.

    Of suppressions that ran out, and would be about something, a finding more says so. Integrity is never
    suppressed: what could not be judged is told.
    """
    told: list[Finding] = []
    ran_out: dict[Suppress, int] = {}
    for finding in findings:
        about = [one for one in suppressions if finding.verdict != INTEGRITY and _is_about(one, finding)]
        in_force = next((one for one in about if today <= one.until), None)
        if in_force is not None:
            told.append(replace(finding, suppressed=in_force.reason))
            continue
        told.append(finding)
        for one in about:
            ran_out[one] = ran_out.get(one, 0) + 1
    return (*told, *(_ran_out(one, count) for one, count in ran_out.items()))


def _ran_out(suppress: Suppress, count: int) -> Finding:
    findings = "1 finding was" if count == 1 else f"{count:,} findings were"
    return Finding(
        suppress.rule,
        INTEGRITY,
        "warning",
        f"{suppress.rule}: {findings} suppressed up to {suppress.until}: {suppress.reason}",
        "the day is over, so it is reported again",
        "fix what is found, or give the suppression another day",
    )


def _is_about(suppress: Suppress, finding: Finding) -> bool:
    return (
        finding.rule == suppress.rule
        and (suppress.component is None or suppress.component in finding.components)
        and (suppress.message is None or suppress.message.lower() in finding.message.lower())
    )
