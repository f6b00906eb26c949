"""The report as people read it: a finding is a paragraph, the worst first; its like are named below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from debugger.report.escape import plain, shortened, spelled
from debugger.report.model import SEVERITIES, Found, Place, Report, Severity, at_or_above

_INDENT = "    "
_NAMED = 3  # recordings, reasons, and findings that are like another one
_PLACES = 4  # events that are named one by one
_PARAGRAPHS = 100


def text(report: Report, width: int = 100, least: Severity = "info") -> str:
    """Paragraphs of lines about as wide as that, and lines that sum up.

    Findings that are milder than ``least``, or accepted, are only counted, unless that is ``info``.
    """
    shown = [
        one
        for one in report.findings
        if least == "info" or (at_or_above(one.severity, least) and not one.suppressed)
    ]
    alike = _alike(sorted(shown, key=_rank))
    parts = ["\n".join(_paragraph(few, max(width, 40))) for few in alike[:_PARAGRAPHS]]
    hidden = len(report.findings) - len(shown)
    untold = sum(map(len, alike[_PARAGRAPHS:]))
    return "\n\n".join([*parts, "\n".join(_summary(report, hidden, untold))]) + "\n"


def _rank(found: Found) -> tuple[bool, int, bool]:
    """What is accepted last, else the worst first; what is about no event after what is."""
    return bool(found.suppressed), SEVERITIES.index(found.severity), not found.places


def _alike(findings: Iterable[Found]) -> list[list[Found]]:
    """Those that say the same of other sessions, turns or recordings; in the order of the first of them."""
    groups: dict[object, list[Found]] = {}
    for number, one in enumerate(findings):
        mark = one.fingerprint or number
        groups.setdefault((mark, one.rule, one.verdict, one.severity, one.suppressed), []).append(one)
    return list(groups.values())


def _paragraph(alike: list[Found], width: int) -> Iterator[str]:
    found = alike[0]
    label = "accepted" if found.suppressed else found.severity
    yield f"{_where(found)}: {label}: {plain(found.rule)} [{plain(found.verdict)}]{_times(found)}"
    yield from _filled("", f"{found.message}{_scope(found)}", width)
    yield from _filled("why    ", found.why, width)
    if not found.explanation:  # which names them
        for place in found.places[:_PLACES]:
            yield from _filled("event  ", _event(place), width)
        if len(found.places) > _PLACES:
            yield f"{_INDENT}       and {len(found.places) - _PLACES:,} more events"
    yield from (f"{_INDENT}{spelled(line)}" for line in found.explanation)
    yield from _filled("fix    ", found.fix, width)
    yield from _filled("accepted because ", found.suppressed, width)
    yield from _others(alike[1:])


def _others(alike: list[Found]) -> Iterator[str]:
    label = "also   "
    for one in alike[:_NAMED]:
        yield f"{_INDENT}{label}{_where(one)}{_times(one)}{shortened(spelled(_scope(one)))}"
        label = " " * len(label)
    more = alike[_NAMED:]
    if more:
        yield f"{_INDENT}{label}and {len(more):,} more{_extent(more)}"


def _extent(alike: list[Found]) -> str:
    """How often, and in how many sessions and turns, where that is more than once each."""
    times = sum(one.times for one in alike)
    sessions = {(one.path, one.session_id) for one in alike if one.session_id is not None}
    turns = {(one.path, one.session_id, one.turn) for one in alike if one.turn is not None}
    said = [f"{times:,} times"] if times > len(alike) else []
    said += [f"in {_count(len(sessions), 'session')}"] if sessions else []
    said += [_count(len(turns), "turn")] if len(turns) > len(sessions) else []
    return f" ({', '.join(said)})" if said else ""


def _where(found: Found) -> str:
    line = f":{found.line}" if found.line else ""
    return f"{plain(found.path)}{line}"


def _times(found: Found) -> str:
    return f" ({found.times:,} times)" if found.times > 1 else ""


def _scope(found: Found) -> str:
    """The session and the turn."""
    where = [f"session {found.session_id}"] if found.session_id is not None else []
    where += [f"turn {found.turn}"] if found.turn is not None else []
    return f" ({', '.join(where)})" if where else ""


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
        shortened(plain(content)),
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(report: Report, hidden: int, untold: int) -> Iterator[str]:
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
    if untold:
        yield f"{_count(untold, 'finding')} more with --format json"
    if report.not_shown:
        yield f"{report.not_shown:,} more findings are counted here only"
    unsure = [one for one in report.inputs if one.causality != "full"]
    if unsure:
        names = ", ".join(plain(one.path) for one in unsure[:_NAMED])
        more = ", …" if len(unsure) > _NAMED else ""
        many = _count(len(unsure), "recording")
        yield f"{many} without full causality, rebuilt as far as it goes: {names}{more}"
    yield from _unjudged(report)
    skipped = sum(one.skipped_lines for one in report.inputs)
    if skipped:
        yield f"not judged, because nobody can read them: {_count(skipped, 'line')}"


def _unjudged(report: Report) -> Iterator[str]:
    """To find nothing of a rule that a log cannot show says nothing."""
    rules = list(dict.fromkeys(rule for one in report.inputs for rule, _ in one.unjudged))
    if rules:
        more = len(rules) - _NAMED
        told = plain(", ".join(rules[:_NAMED])) + (f" and {_count(more, 'more rule')}" if more > 0 else "")
        yield f"not judged, or not in full, for what is not recorded: {told}; --format json says why"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 or thing == 'info' else 's'}"
