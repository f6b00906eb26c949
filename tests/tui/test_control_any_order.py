"""Whatever comes from a backend, in whatever order: nothing fails, and nobody holds what was lost."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from backend.wire.client import ControlAnswered
from backend.wire.control import ControlOffer, ControlResult, ControlState, LetGo, Pause, Release, Take
from debugger.sources.feed import Disconnected
from debugger.tui.control.model import ALIVE_NS
from debugger.tui.control.view import held_view
from tests.tui.controlled import BOTH, PAUSED
from tests.tui.test_control_model import Desk

STATES = [
    PAUSED,
    ControlState(),
    structs.replace(PAUSED, mode="running"),
    structs.replace(PAUSED, mode="stepping"),
]
STEPS = st.one_of(
    st.tuples(st.just("greet"), st.sampled_from([BOTH, ControlOffer(), ControlOffer(offered=True)])),
    st.tuples(st.just("lost"), st.none()),
    st.tuples(st.just("state"), st.tuples(st.sampled_from(STATES), st.booleans())),
    st.tuples(st.just("answer"), st.tuples(st.integers(0, 12), st.booleans())),
    st.tuples(st.just("ask"), st.sampled_from([Pause(), Release(("d3",)), LetGo()])),
    st.tuples(st.just("let go"), st.none()),
    st.tuples(st.just("time"), st.sampled_from([0, ALIVE_NS])),
)


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=30))
def test_control_is_ours_only_while_it_was_given_and_not_taken_away(steps: list[tuple[str, Any]]) -> None:
    """Given by a yes to a take; taken away by the connection, or by a state that says so."""
    desk = Desk()
    control = desk.control
    taken: set[int] = set()
    for what, how in steps:
        match what:
            case "greet":
                desk.greet(offer=how)
            case "lost":
                control.hear("one", Disconnected("gone", None))
                assert not control.ours
            case "state":
                desk.tell(how[0], ours=how[1])
            case "answer":
                number, yes = how
                control.hear("one", ControlAnswered(ControlResult(number, yes, None if yes else "no")))
            case "ask":
                control.ask(how)
            case "let go":
                control.let_go()
            case _:
                desk.clock.now += how
                control.look()
        taken |= {number for number, request in desk.asked["one"] if isinstance(request, Take)}
        assert not control.ours or taken
        assert not (control.problem and control.ours)
        view = held_view(control, ("d3",))
        assert view.calls == control.paused
        assert view.told or not control.holder
    sent = [number for number, _ in desk.asked["one"]]
    assert sent == sorted(set(sent))
