"""Which rows name a cause that is not in the log, however the log came."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.analysis import unknown
from debugger.analysis.unknown import UnknownCauses
from debugger.log import EventLog
from tests.support.examples import tried


def line(number: int, cause: int | None) -> bytes:
    named = None if cause is None else f"p-{cause}"
    fields = {"timestamp": 1.0, "event_type": "system", "component": "a", "id": f"p-{number}", "cause": named}
    return json.dumps(fields).encode()


@tried(40)
@given(
    order=st.permutations(range(24)),
    causes=st.lists(st.none() | st.integers(0, 40), min_size=24, max_size=24),
    piece=st.integers(1, 9),
    part=st.integers(1, 5),
)
def test_late_causes_are_found_again(
    order: list[int], causes: list[int | None], piece: int, part: int
) -> None:
    """After each piece, those whose cause is in no row so far; a cause may come long after its effect."""
    whole, unknown._PART = unknown._PART, part  # type: ignore[misc] # parts of the size of a test
    try:
        log = EventLog()
        looked_at = UnknownCauses(log)
        for start in range(0, len(order), piece):
            lines = [line(number, causes[number]) for number in order[start : start + piece]]
            log.append_many(lines, [decode_line(one) for one in lines])
            looked_at.look(start, len(log))
            while not looked_at.checked:
                looked_at.check()
            there = order[: len(log)]
            wanted = [row for row, number in enumerate(there) if causes[number] not in (None, number, *there)]
            assert len(looked_at) == len(wanted)
            assert looked_at.first(3) == tuple(wanted[:3])
            assert looked_at.named == any(causes[number] is not None for number in there)
    finally:
        unknown._PART = whole  # type: ignore[misc] # as it was
