"""What patterns mean, said as simply as possible: over the whole list of events, with no state."""

from __future__ import annotations

from typing import NamedTuple


class Happened(NamedTuple):
    """Event number ``row`` of kind `a` to `e`, of a session and a key, with a number."""

    row: int
    kind: str
    session: str
    key: str
    value: int


Log = list[Happened]
Bad = set[tuple[str, str]]
"""Session and key of what is wrong."""


def of_key(log: Log, one: Happened) -> Log:
    return [other for other in log if (other.session, other.key) == (one.session, one.key)]


def precedence(log: Log) -> Bad:
    """Each b of a key has an a before it, if there is any a at all."""
    return {
        (one.session, one.key)
        for one in log
        if one.kind == "b"
        and any(other.kind == "a" for other in log)
        and not any(other.kind == "a" and other.row < one.row for other in of_key(log, one))
    }


def absence(log: Log) -> Bad:
    """No b after both a and c of its key, unless a d came before it."""
    bad = set()
    for one in log:
        before = {other.kind for other in of_key(log, one) if other.row < one.row}
        if one.kind == "b" and {"a", "c"} <= before and "d" not in before:
            bad.add((one.session, one.key))
    return bad


def once(log: Log) -> Bad:
    """At most two a of a key."""
    return {(one.session, one.key) for one in log if sum(o.kind == "a" for o in of_key(log, one)) > 2}


def monotone(log: Log) -> Bad:
    """Each value of an a is one more than the highest before it."""
    bad = set()
    for one in log:
        before = [other.value for other in of_key(log, one) if other.kind == "a" and other.row < one.row]
        if one.kind == "a" and before and one.value != max(before) + 1:
            bad.add((one.session, one.key))
    return bad


def live(log: Log) -> Bad:
    """At most one value of a session is begun by a and not ended by b; what ended begins no more."""
    bad = set()
    for one in log:
        if one.kind != "a":
            continue
        before = [other for other in log if other.session == one.session and other.row < one.row]
        ended = {other.value for other in before if other.kind == "b"}
        begun = {other.value for other in before if other.kind == "a"} - ended
        if one.value not in ended | begun and begun:
            bad.add((one.session, str(one.value)))
    return bad


def response(log: Log) -> Bad:
    """Each a is followed by a b or a c of its key, before a d of its session and its end."""
    bad = set()
    for one in log:
        if one.kind != "a":
            continue
        for other in log:
            if other.row <= one.row or other.session != one.session:
                continue
            if other.kind in "bc" and other.key == one.key:
                break
            if other.kind == "d":
                bad.add((one.session, one.key))
                break
        else:
            bad.add((one.session, one.key))
    return bad


def transitions(log: Log) -> Bad:
    """Values of a go 0, 1, 2, 0; and to 0 from anywhere if there was a c since the last of another value."""
    bad = set()
    for one in log:
        mine = [other for other in of_key(log, one) if other.kind == "a" and other.row < one.row]
        if one.kind != "a" or not mine or mine[-1].value == one.value:
            continue
        old = mine[-1].value
        others = [at for at, other in enumerate(mine) if other.value != old]
        came = mine[others[-1] + 1].row if others else mine[0].row
        excused = any(o.kind == "c" and came < o.row < one.row for o in of_key(log, one))
        if one.value != (old + 1) % 3 and not (one.value == 0 and excused):
            bad.add((one.session, one.key))
    return bad


def freshness(log: Log) -> Bad:
    """No b is below what the session's last a was at the first c of its key that had one."""
    bad = set()
    for one in log:
        if one.kind != "b":
            continue
        floor = None
        for begin in of_key(log, one):
            if begin.kind == "c" and begin.row < one.row:
                mine = [other for other in log if other.session == one.session]
                sets = [other for other in mine if other.kind == "a" and other.row < begin.row]
                if sets:
                    floor = sets[-1].value
                    break
        if floor is not None and one.value < floor:
            bad.add((one.session, one.key))
    return bad
