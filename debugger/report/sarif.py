"""The report as SARIF 2.1.0 (OASIS standard, errata 01), for code scanning services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from debugger.report.as_json import dumped, fingerprint
from debugger.report.escape import plain, uri
from debugger.report.model import Found, Input, Place, Report, RuleText

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_CAUSALITY: Final = {
    "rebuilt": "the log does not say what caused what: it was rebuilt from messages, correlation and order",
    "partial": "some events name causes that are not in the log, or none",
}


def sarif(report: Report) -> str:
    """One run. A finding's events are a code flow: a thread for each task, numbered in the order they ran."""
    rules = _rules(report)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    driver: dict[str, Any] = {"name": "doubletalk", "rules": rules}
    if report.version:
        driver["semanticVersion"] = report.version
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [
            {"location": {"uri": uri(one.path)}, "roles": ["analysisTarget"]} for one in report.inputs
        ],
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [note for one in report.inputs for note in _notes(one)],
            }
        ],
        "results": [_result(one, index) for one in report.findings],
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rules(report: Report) -> list[dict[str, Any]]:
    """Those that are described, and those that are only named by a finding."""
    known = {rule.id: rule for rule in report.rules}
    for found in report.findings:
        known.setdefault(found.rule, RuleText(found.rule, found.rule, severity=found.severity))
    return [
        {
            "id": rule.id,
            "shortDescription": {"text": plain(rule.about)},
            "fullDescription": {"text": plain(rule.about)},
            "help": {"text": rule.help or rule.about},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in known.values()
    ]


def _result(found: Found, index: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": index[found.rule],
        "level": _LEVELS[found.severity],
        "kind": "fail",
        "message": {"text": _message(found)},
        "locations": [_location(found.path, found.places[0] if found.places else None)],
        "partialFingerprints": {"doubletalk/v1": fingerprint(found)},
        "occurrenceCount": found.times,
        "properties": {
            "verdict": found.verdict,
            "session_id": found.session_id,
            "turn": found.turn,
            "components": list(found.components),
        },
    }
    if len(found.places) > 1:
        result["codeFlows"] = [_flow(found)]
    if found.suppressed:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": plain(found.suppressed)}
        ]
    return result


def _message(found: Found) -> str:
    parts = (found.message, found.why, f"Fix: {found.fix}" if found.fix else "")
    return "\n".join(plain(part) for part in parts if part)


def _location(path: str, place: Place | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri(path)}}
    if place is None:
        return {"physicalLocation": physical}
    if place.line:
        physical["region"] = {"startLine": place.line}
    location: dict[str, Any] = {"physicalLocation": physical, "message": {"text": plain(place.what)}}
    if place.id:
        location["logicalLocations"] = [{"name": plain(place.id), "kind": "event"}]
    return location


def _flow(found: Found) -> dict[str, Any]:
    """Threads in the order of their first event. The decisive event comes first in ``places``, not here."""
    order = sorted(found.places, key=lambda place: (place.line, place.time_ns))
    threads: dict[str, list[dict[str, Any]]] = {}
    for number, place in enumerate(order, start=1):
        step: dict[str, Any] = {
            "location": _location(found.path, place),
            "executionOrder": number,
            "importance": "essential" if place is found.places[0] else "important",
        }
        when = _utc(place.time_ns)
        if when:
            step["executionTimeUtc"] = when
        threads.setdefault(place.task or "no task", []).append(step)
    return {
        "message": {"text": plain(found.message)},
        "threadFlows": [{"id": plain(task), "locations": steps} for task, steps in threads.items()],
    }


def _utc(time_ns: int) -> str:
    """RFC 3339 in milliseconds, as section 3.9 has it; nothing for what no calendar has."""
    if not time_ns:
        return ""
    try:
        moment = datetime.fromtimestamp(time_ns / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _notes(recording: Input) -> list[dict[str, Any]]:
    """What could not be judged, so that a clean result is not taken for more than it is."""
    said = []
    if recording.skipped_lines:
        said.append(f"{recording.skipped_lines} lines could not be read and were not judged")
    if recording.causality in _CAUSALITY:
        said.append(_CAUSALITY[recording.causality])
    where = {"physicalLocation": {"artifactLocation": {"uri": uri(recording.path)}}}
    return [{"level": "warning", "message": {"text": text}, "locations": [where]} for text in said]
