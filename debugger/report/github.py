"""The report for GitHub: workflow commands that annotate, and a step summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from debugger.report.escape import cell, command_data, command_property
from debugger.report.model import SEVERITIES, Found, Report

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_ROWS: Final = 50  # a step's summary may have 1 MiB; a reader has less patience


def github(report: Report) -> str:
    """A line for each that is to be looked at, the worst first: GitHub shows ten of a kind and step."""
    order = sorted(report.listed, key=lambda one: SEVERITIES.index(one.severity))
    return "".join(f"{_command(one)}\n" for one in order)


def _command(found: Found) -> str:
    properties = {"file": found.path, "title": f"{found.rule} ({found.verdict})"}
    if found.line:
        properties["line"] = str(found.line)
    said = ",".join(f"{name}={command_property(value)}" for name, value in properties.items())
    lines = (found.message, found.why, f"fix: {found.fix}" if found.fix else "")
    message = command_data("\n".join(line for line in lines if line))
    return f"::{_COMMANDS[found.severity]} {said}::{message}"


def markdown(report: Report) -> str:
    """For ``$GITHUB_STEP_SUMMARY``."""
    return "\n".join(_summary(report)) + "\n"


def _summary(report: Report) -> Iterator[str]:
    counts = report.counts
    events = sum(one.events for one in report.inputs)
    said = ", ".join(f"{counts[one]:,} {one}" for one in SEVERITIES if counts[one]) or "nothing found"
    yield f"### doubletalk check: {'failed' if report.failing else 'passed'}"
    yield ""
    yield f"{said} in {events:,} events of {len(report.inputs):,} recordings"
    if report.listed:
        yield ""
        yield "| | rule | where | what | fix |"
        yield "| --- | --- | --- | --- | --- |"
    order = sorted(report.listed, key=lambda one: SEVERITIES.index(one.severity))
    for one in order[:_ROWS]:
        where = f"{one.path}:{one.line}" if one.line else one.path
        parts = (one.severity, one.rule, where, one.message, one.fix)
        yield f"| {' | '.join(cell(part) for part in parts)} |"
    hidden = len(order) - _ROWS + report.not_shown
    if hidden > 0:
        yield ""
        yield f"and {hidden:,} more"
    mild = len(report.open) - len(report.listed)
    if mild:
        yield ""
        yield f"{mild:,} of them for information only, which `--fail-on info` would list"
