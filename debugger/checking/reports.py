"""One report of many judged recordings, and what was known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from debugger.checking.one import Judged
from debugger.report import Found, Report, Severity

if TYPE_CHECKING:
    from debugger.analysis.findings import Finding
    from debugger.analysis.rules import Baseline

KNOWN = "in the baseline"


def report_of(judged: Sequence[Judged], fail_on: Severity | None, seconds: float) -> Report:
    """Of those that could be read, in their order."""
    read = [one for one in judged if not one.error]
    return Report(
        inputs=tuple(one.input for one in read),
        findings=tuple(found for one in read for found in one.findings),
        seconds=seconds,
        fail_on=fail_on,
        not_shown=sum(one.not_shown for one in read),
    )


def known_before(report: Report, baseline: Baseline) -> Report:
    """The report, with what the baseline has accepted: of a kind as many as there were then."""
    split = baseline.split([_as_finding(found, number) for number, found in enumerate(report.findings)])
    known = {finding.row for finding in split.known}
    findings = tuple(
        replace(found, suppressed=KNOWN) if number in known and not found.suppressed else found
        for number, found in enumerate(report.findings)
    )
    return replace(report, findings=findings)


def as_findings(report: Report) -> list[Finding]:
    """What a baseline is made of: those that nobody accepted for another reason."""
    return [_as_finding(found, number) for number, found in enumerate(report.open)]


def _as_finding(found: Found, number: int) -> Finding:
    from debugger.analysis.findings import Finding  # noqa: PLC0415 - loads numpy, which a worker does

    return Finding(
        found.rule,
        found.verdict,
        found.severity,
        found.message,
        row=number,
        fingerprint=found.fingerprint,
    )
