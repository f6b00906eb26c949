"""The report as JSON: ``doubletalk.report/1`` of CONTRACT section 3, and GitLab's code quality."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from debugger.report.model import Found, Input, Place, Report

SCHEMA: Final = "doubletalk.report/1"

_GITLAB: Final = {"error": "critical", "warning": "minor", "info": "info"}
"""Its five are info, minor, major, critical and blocker."""


def as_json(report: Report) -> str:
    """One object. ``fingerprint``, ``times`` and ``accepted`` are beside what the contract names."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "inputs": [
            {
                "path": one.path,
                "events": one.events,
                "sessions": one.sessions,
                "skipped_lines": one.skipped_lines,
                "causality": one.causality,
                **({"unjudged": _unjudged(one)} if one.unjudged else {}),
            }
            for one in report.inputs
        ],
        "findings": [_finding(one) for one in report.findings],
        "summary": {
            "error": report.counts["error"],
            "warning": report.counts["warning"],
            "info": report.counts["info"],
            "events": sum(one.events for one in report.inputs),
            "seconds": round(report.seconds, 3),
            "accepted": len(report.findings) - len(report.open),
            "not_shown": report.not_shown,
        },
    }
    return dumped(content)


def _unjudged(recording: Input) -> list[dict[str, str]]:
    return [{"rule": rule, "why": why} for rule, why in recording.unjudged]


def _finding(found: Found) -> dict[str, Any]:
    content = {
        "rule": found.rule,
        "verdict": found.verdict,
        "severity": found.severity,
        "path": found.path,
        "session_id": found.session_id,
        "turn": found.turn,
        "components": list(found.components),
        "events": [_named(place) for place in found.places if place.id or place.line],
        "message": found.message,
        "why": found.why,
        "fix": found.fix,
        "times": found.times,
        "fingerprint": fingerprint(found),
    }
    return content | ({"accepted": found.suppressed} if found.suppressed else {})


def _named(place: Place) -> str | int:
    return place.id or place.line


def gitlab(report: Report) -> str:
    """A code quality report of what is to be looked at: not of what is accepted, or for information only."""
    return dumped(
        [
            {
                "description": f"{one.message}. {one.fix}".strip() if one.fix else one.message,
                "check_name": one.rule,
                "fingerprint": _once(one, number),
                "severity": _GITLAB[one.severity],
                "location": {"path": one.path, "lines": {"begin": max(one.line, 1)}},
            }
            for number, one in _numbered(report.listed)
        ]
    )


def _numbered(findings: tuple[Found, ...]) -> list[tuple[int, Found]]:
    """Each with how many of its fingerprint came before: GitLab takes equal ones for one."""
    seen: dict[str, int] = {}
    numbered = []
    for one in findings:
        mark = fingerprint(one)
        numbered.append((seen.get(mark, 0), one))
        seen[mark] = seen.get(mark, 0) + 1
    return numbered


def _once(found: Found, number: int) -> str:
    mark = fingerprint(found)
    return sha256(f"{mark}#{number}".encode()).hexdigest() if number else mark


def fingerprint(found: Found) -> str:
    """The finding's own, else one of what does not change from run to run."""
    if found.fingerprint:
        return found.fingerprint
    parts = (found.rule, found.verdict, found.path, *found.components)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def dumped(content: Any) -> str:
    """Indented JSON in ASCII: no terminal acts on it. What is no Unicode in a name is spelled out."""
    return json.dumps(_unicode(content), indent=2, allow_nan=False) + "\n"


def _unicode(content: Any) -> Any:
    if isinstance(content, str):
        return content.encode("utf-8", "backslashreplace").decode()
    if isinstance(content, dict):
        return {name: _unicode(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_unicode(value) for value in content]
    return content
