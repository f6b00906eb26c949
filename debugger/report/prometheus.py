"""Numbers of a check as Prometheus reads them from a file: for node_exporter's textfile collector."""

from __future__ import annotations

from collections import Counter
from typing import Final

from debugger.report.escape import plain
from debugger.report.model import Report

_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})


def prometheus(report: Report) -> str:
    """One gauge each; open findings by rule, verdict and severity, as often as they came."""
    found: Counter[tuple[str, str, str]] = Counter()
    for one in report.open:
        found[one.rule, one.verdict, one.severity] += one.times
    findings = {
        f'{{rule="{_escaped(rule)}",verdict="{_escaped(verdict)}",severity="{severity}"}}': count
        for (rule, verdict, severity), count in sorted(found.items())
    }
    inputs = report.inputs
    gauges: tuple[tuple[str, str, dict[str, float]], ...] = (
        ("findings", "Findings that nobody accepted.", dict(findings)),
        ("failed", "1 where one is as bad as --fail-on.", {"": int(report.failing)}),
        ("recordings", "Recordings that were looked at.", {"": len(inputs)}),
        ("events", "Their events.", {"": sum(one.events for one in inputs)}),
        ("skipped_lines", "Lines that are no events.", {"": sum(one.skipped_lines for one in inputs)}),
        ("seconds", "How long it took.", {"": report.seconds}),
    )
    return "".join(
        f"# HELP doubletalk_check_{name} {about}\n# TYPE doubletalk_check_{name} gauge\n"
        + "".join(f"doubletalk_check_{name}{labels} {value}\n" for labels, value in values.items())
        for name, about, values in gauges
    )


def _escaped(text: str) -> str:
    return plain(text).translate(_ESCAPED)
