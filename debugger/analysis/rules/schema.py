"""What a rules file may say: TOML as typed values. `load` checks what types alone cannot tell."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

SCHEMA: Final = "doubletalk.rules/1"

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""Of a rule: it is put into reports, and into command lines."""

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Severity = Literal["error", "warning", "info"]
When = Literal["happened", "delivered", "handled"]


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event in a part of a case, when its name alone does not say enough.

    ``key`` is a shorter key: the event is about all keys of the case that begin so, and are known by then.
    ``others`` leaves out the key that the event itself has, ``older`` also all that were known after it.
    ``fallback`` is for producers that have none of the events before it.
    """

    event: str
    key: list[str] | None = None
    reach: Literal["all", "others", "older"] = "all"
    fallback: bool = False


Ref: TypeAlias = str | Part
Refs: TypeAlias = list[Ref]


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of event by name: rows that a query passes.

    ``when`` says where it counts. ``happened``: at the row. ``delivered``: the row is a receive, which
    counts where its handler started, unless it threw the message away. ``handled``: where the handler ended.
    With ``changes`` it counts only where a field has another value than at the last such row of its
    component and session; ``was`` is the value that it had, and ``left`` asks for one. ``fields`` are what
    names mean here.
    """

    where: str
    when: When = "happened"
    changes: str | None = None
    left: bool = False
    fields: dict[str, str | list[str]] = {}


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="pattern"):
    """One pattern of a rule, judged for each ``key``; if told so only ``between`` two events."""

    key: list[str]
    message: str = ""
    between: list[str] | None = None


class Precedence(Case, frozen=True, tag="precedence"):
    """Each of ``first`` comes before any of ``then``.

    What comes only after something of ``via`` with the same ``item`` is ordered if that is.
    """

    first: Refs
    then: Refs
    via: Refs = []
    item: str | None = None
    predict: bool = False


class Response(Case, frozen=True, tag="response"):
    """Each ``request`` is answered: before a span is over, and before anything of ``until``.

    It is due once there is one of ``needs`` too, whose ``needs_value`` is not less than the ``request_value``
    (with ``counted``: more of them than were answered), until a ``reset``. An ``excuse`` ends it, unless it
    was due for longer than ``excuse_within``. What is ``settled`` is not asked for any more, before or after.
    What is ``over`` is not excused by the end of the recording. ``item`` tells requests of a key apart, and
    which of them is answered; ``owner``, whose they are: an excuse or an end of another is none.
    With ``late_only`` it is wrong only to be late, not to end without an answer before it was.
    """

    request: Refs
    answer: Refs
    needs: Refs = []
    reset: Refs = []
    excuse: Refs = []
    until: Refs = []
    over: Refs = []
    settled: Refs = []
    item: str | None = None
    owner: str | None = None
    request_value: str | None = None
    needs_value: str | None = None
    within: str | None = None
    excuse_within: str | None = None
    counted: bool = False
    late_only: bool = False


class Absence(Case, frozen=True, tag="absence"):
    """After all of ``after`` there is nothing of ``never``, unless there was one of ``unless``.

    ``subject`` makes a key known, which matters where ``after`` has a shorter key. A ``revive`` begins anew.
    """

    after: Refs
    never: Refs
    subject: Refs = []
    unless: Refs = []
    revive: Refs = []
    predict: bool = False


class Once(Case, frozen=True, tag="once"):
    """The event comes at most so many times, and at least so many before the session ends.

    Those whose ``owner`` is ``exempt`` do not count.
    """

    event: Refs
    at_most: Count = 1
    at_least: Count = 0
    subject: Refs = []
    exempt: Refs = []
    owner: str | None = None


class Monotone(Case, frozen=True, tag="monotone"):
    """A number only goes up: by any step, or by one each time."""

    event: Refs
    value: str
    step: Literal["up", "one"] = "up"
    predict: bool = False


class Live(Case, frozen=True, tag="live"):
    """At most so many items are live at once; one that ended does not begin again."""

    begin: Refs
    end: Refs
    item: str
    most: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    predict: bool = False


class Transitions(Case, frozen=True, tag="transitions"):
    """A state only goes where the table says, and to ``rest`` from anywhere after an ``excuse``.

    A state that no event has set is that of the machine's ``begin``, which is only shown.
    """

    event: Refs
    to: str
    edges: dict[str, list[str]]
    came_from: str | None = None
    rest: str | None = None
    excuse: Refs = []
    begin: Refs = []


class Freshness(Case, frozen=True, tag="freshness"):
    """What is used is not older than what was ``set`` when the key had its ``begin``.

    Without ``set`` all uses of a key are the same. ``fields`` are compared; with ``set`` the first of them
    that both have decides: numbers must not be less, anything else must be the same.
    """

    use: Refs
    fields: list[str]
    set: Refs = []
    begin: Refs = []


class Budget(Case, frozen=True, tag="budget"):
    """An ``event`` comes in time after its cause: a receive after its publish, an end after its begin."""

    event: Refs
    within: str


class Stalled(Case, frozen=True, kw_only=True, tag="stalled"):
    """A handler that has begun is over within a span, if others of its process go on meanwhile."""

    within: str
    key: list[str] = []


class Blocked(Case, frozen=True, kw_only=True, tag="blocked"):
    """No task keeps the event loop for longer than a span, while a message waits that could be received."""

    within: str
    key: list[str] = []


Cases: TypeAlias = (
    Precedence
    | Response
    | Absence
    | Once
    | Monotone
    | Live
    | Transitions
    | Freshness
    | Budget
    | Stalled
    | Blocked
)


class Covers(Struct, frozen=True, forbid_unknown_fields=True):
    """What of a component a rule judges by itself: ``order-race`` makes a note of it, and no warning.

    The order of some ``messages`` with each other, or who touches some ``keys`` of its state, and what is
    below them, first; both narrow it down.
    """

    component: str
    messages: list[str] = []
    keys: list[str] = []


class MessagePair(Struct, frozen=True, forbid_unknown_fields=True):
    """Two messages that a component may not get in either order; without a component, any may not."""

    messages: Annotated[list[str], msgspec.Meta(min_length=2, max_length=2)]
    component: str | None = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. ``per``: findings that have these fields in common are one finding."""

    id: Name
    title: str
    why: str
    fix: str
    cases: list[Cases]
    severity: Severity = "error"
    per: list[str] = msgspec.field(default_factory=lambda: ["session", "turn"])
    disabled: bool = False
    covers: list[Covers] = []


class Override(Struct, frozen=True, forbid_unknown_fields=True):
    """What a file changes of a rule of another one; ``within`` is the span of all its cases that have one."""

    severity: Severity | None = None
    disabled: bool | None = None
    within: str | None = None


class Suppress(Struct, frozen=True, forbid_unknown_fields=True):
    """Findings that are not reported up to the day ``until``, and why."""

    rule: str
    reason: str
    until: dt.date
    component: str | None = None
    message: str | None = None


class Names(Struct, frozen=True, forbid_unknown_fields=True):
    """Other names that a producer has for what rules speak of; keys and values by the contract's name."""

    message: dict[str, str | list[str]] = {}
    component: dict[str, str | list[str]] = {}
    data: dict[str, str | list[str]] = {}
    state: dict[str, str | list[str]] = {}


class Session(Struct, frozen=True, forbid_unknown_fields=True):
    """Events that end a session, besides the last of its subscriptions."""

    ends: list[str] = []


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """A rules file as a whole. ``fields`` gives names to places in events: the first that is there."""

    schema: str = SCHEMA
    names: Names = Names()
    session: Session = Session()
    fields: dict[str, str | list[str]] = {}
    events: dict[str, Event] = {}
    rules: list[Rule] = []
    override: dict[str, Override] = {}
    suppress: list[Suppress] = []
    pairs: list[MessagePair] = []


def listed(value: str | list[str]) -> list[str]:
    """One or several, as several."""
    return [value] if isinstance(value, str) else value


def parts(refs: Refs) -> list[Part]:
    """All in full."""
    return [Part(ref) if isinstance(ref, str) else ref for ref in refs]


def roles_of(case: Cases) -> dict[str, list[Part]]:
    """The parts of a case that name events, by the name of the part, in the order in which they are fed."""
    found: dict[str, list[Part]] = {}
    for name in case.__struct_fields__:
        value: Any = getattr(case, name)
        if name in _ROLES and isinstance(value, list):
            found[name] = parts(value)
    return dict(sorted(found.items(), key=lambda item: _ROLES.index(item[0])))


_ROLES: Final = (
    # What one row is in several parts at once takes effect in this order.
    "subject",
    "set",
    "reset",
    "exempt",
    "unless",
    "excuse",
    "revive",
    "begin",
    "via",
    "first",
    "answer",
    "settled",
    "end",
    "never",
    "needs",
    "until",
    "over",
    "then",
    "after",
    "request",
    "event",
    "use",
)
