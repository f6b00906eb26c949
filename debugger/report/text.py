"""The report as people read it: a finding is a paragraph, the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from debugger.report.escape import plain, spelled
from debugger.report.model import SEVERITIES, Found, Place, Report, Severity, at_or_above

_INDENT = "    "
_NAMED = 3  # recordings
_PLACES = 4  # events that are named one by one


def text(report: Report, width: int = 100, least: Severity = "info") -> str:
    """Paragraphs of lines about as wide as that, and a line that sums up.

    Findings that are milder than ``least``, or accepted, are only counted, unless that is ``info``.
    """
    shown = [
        one
        for one in report.findings
        if least == "info" or (at_or_above(one.severity, least) and not one.suppressed)
    ]
    order = sorted(shown, key=lambda one: (bool(one.suppressed), SEVERITIES.index(one.severity)))
    parts = ["\n".join(_paragraph(one, max(width, 40))) for one in order]
    hidden = len(report.findings) - len(shown)
    return "\n\n".join([*parts, "\n".join(_summary(report, hidden))]) + "\n"


def _paragraph(found: Found, width: int) -> Iterator[str]:
    line = f":{found.line}" if found.line else ""
    times = f" ({found.times:,} times)" if found.times > 1 else ""
    label = "accepted" if found.suppressed else found.severity
    head = f"{plain(found.path)}{line}: {label}: {plain(found.rule)} [{plain(found.verdict)}]{times}"
    yield head
    yield from _filled("", _about(found), width)
    yield from _filled("why    ", found.why, width)
    for place in found.places[:_PLACES]:
        yield from _filled("event  ", _event(place), width)
    if len(found.places) > _PLACES:
        yield f"{_INDENT}       and {len(found.places) - _PLACES:,} more events"
    yield from (f"{_INDENT}{spelled(line)}" for line in found.explanation)
    yield from _filled("fix    ", found.fix, width)
    yield from _filled("accepted because ", found.suppressed, width)


def _about(found: Found) -> str:
    where = [f"session {found.session_id}"] if found.session_id is not None else []
    where += [f"turn {found.turn}"] if found.turn is not None else []
    return f"{found.message} ({', '.join(where)})" if where else found.message


def _event(place: Place) -> str:
    where = [f"line {place.line:,}"] if place.line else []
    where += [place.id] if place.id else []
    return f"{' · '.join(where)}: {place.what}" if where else place.what


def _filled(label: str, content: str, width: int) -> list[str]:
    """Lines under a label; nothing for nothing."""
    if not content:
        return []
    first = _INDENT + label
    return wrap(
        plain(content),
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(report: Report, hidden: int) -> Iterator[str]:
    counts = report.counts
    said = [_count(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
    accepted = len(report.findings) - len(report.open)
    events = sum(one.events for one in report.inputs)
    what = ", ".join(said) or "nothing found"
    if accepted:
        what += f", {accepted:,} accepted"
    where = f"{_count(events, 'event')} of {_count(len(report.inputs), 'recording')}"
    yield f"{what} in {where} ({report.seconds:.1f} s)"
    if hidden:
        yield f"{_count(hidden, 'finding')} more with --verbose"
    if report.not_shown:
        yield f"{report.not_shown:,} more findings are counted here only"
    unsure = [one for one in report.inputs if one.causality != "full"]
    if unsure:
        names = ", ".join(plain(one.path) for one in unsure[:_NAMED])
        more = ", …" if len(unsure) > _NAMED else ""
        many = _count(len(unsure), "recording")
        yield f"{many} without full causality, rebuilt as far as it goes: {names}{more}"
    skipped = sum(one.skipped_lines for one in report.inputs)
    if skipped:
        yield f"not judged, because nobody can read them: {_count(skipped, 'line')}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 or thing == 'info' else 's'}"
