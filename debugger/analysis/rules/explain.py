"""A rule's text, for people."""

from __future__ import annotations

import textwrap
from typing import Final

from debugger.analysis.rules.errors import near
from debugger.analysis.rules.load import RuleSet, load_rules
from debugger.analysis.rules.schema import Case, Covers, Rule

ELSEWHERE: Final = {
    "lost-update": (
        "two activations each read a key, then both write it from the old value",
        "The second write is made from what was read before the first one, which is lost.",
        "Read, compute and write without an await in between, or under one lock.",
    ),
    "order-race": (
        "two steps use the same state, one of them changes it, and nothing orders the two",
        "They ran in the right order in this log; another schedule runs them in the other one.",
        "Await the first before the second is started, or make the second one look.",
    ),
}
"""Rules that are no patterns of events: the analysis of conflicts finds them."""

_WIDTH: Final = 100


def rule_ids(rules: RuleSet | None = None) -> tuple[str, ...]:
    """All that there are, those that are turned off too."""
    known = rules or load_rules()
    return (*(rule.id for rule in (*known.rules, *known.disabled)), *ELSEWHERE)


def explain(rule_id: str, rules: RuleSet | None = None) -> str:
    """What a rule says, why, what to do, and what it looks at. Of the built-in rules unless others are given.

    Raises:
        KeyError: there is no such rule; the text has the nearest.
    """
    known = rules or load_rules()
    for rule in (*known.rules, *known.disabled):
        if rule.id == rule_id:
            return _text(rule, known)
    if rule_id in ELSEWHERE:
        title, why, fix = ELSEWHERE[rule_id]
        return _head(rule_id, title, why, fix)
    meant = near(rule_id, rule_ids(known))
    raise KeyError(f"there is no rule {rule_id!r}" + (f"; did you mean {meant!r}?" if meant else ""))


def _head(rule_id: str, title: str, why: str, fix: str) -> str:
    return "\n".join([f"{rule_id}: {title}", "", _wrapped("why", why), _wrapped("fix", fix)])


def _text(rule: Rule, rules: RuleSet) -> str:
    off = ", turned off" if rule.disabled else ""
    lines = [_head(rule.id, rule.title, rule.why, rule.fix), f"severity  {rule.severity}{off}"]
    lines += [_wrapped("covers", _covered(one)) for one in rule.covers]
    events: dict[str, None] = {}
    for case in rule.cases:
        lines += ["", *_case(case)]
        events |= dict.fromkeys(_named(case))
    lines += ["", "events"] if events else []
    for name in events:
        event = rules.events[name]
        when = f" ({event.when})" if event.when != "happened" else ""
        lines.append(_wrapped(f"  {name}{when}", event.where, indent=4))
    return "\n".join(lines)


def _covered(one: Covers) -> str:
    what = [", ".join(names) for names in (one.messages, one.keys) if names]
    return f"{one.component}: {'; '.join(what) or 'all of it'} (order-race only makes a note of that)"


def _case(case: Case) -> list[str]:
    pattern = str(case.__struct_config__.tag)
    each = ", ".join(name.rstrip("?") for name in case.key)
    lines = [f"{pattern}, for each {each}" if each else pattern]
    defaults = type(case).__struct_defaults__
    optional = dict(zip(case.__struct_fields__[-len(defaults) :], defaults, strict=True))
    for name in case.__struct_fields__:
        value = getattr(case, name)
        if name in ("key", "message") or value in (None, False, [], {}) or value == optional.get(name):
            continue
        lines.append(_wrapped(f"  {name.replace('_', ' ')}", _shown(value), indent=4))
    return lines


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} → {', '.join(several)}" for name, several in value.items())
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    event = getattr(value, "event", None)
    if event is None:
        return "yes" if value is True else str(value)
    key, reach = getattr(value, "key", None), getattr(value, "reach", "all")
    of = f" of the {' and '.join(key)}" if key else ""
    other = {"others": ", for the others", "older": ", for the older ones"}.get(reach, "")
    return f"{event}{of}{other}"


def _named(case: Case) -> list[str]:
    found = list(case.between or ())
    for name in case.__struct_fields__:
        value = getattr(case, name)
        if isinstance(value, list) and name not in ("key", "fields", "between"):
            found += [one if isinstance(one, str) else one.event for one in value]
    return found


def _wrapped(label: str, text: str, indent: int = 10) -> str:
    first = f"{label}  " if len(label) >= indent else label.ljust(indent)
    return textwrap.fill(
        " ".join(text.split()), _WIDTH, initial_indent=first, subsequent_indent=" " * max(indent, 4)
    )
