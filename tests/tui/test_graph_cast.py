"""Who is in the graph, and how they talk."""

from __future__ import annotations

from debugger.tui.graph.cast import Cast, Links, cast_of, order
from debugger.tui.graph.model import MAX_NODES, GraphModel, GraphView
from debugger.tui.graph.shapes import HUB
from debugger.tui.session import Session
from tests.tui.interface import Script, conversation, session_with

LINES = conversation()


def kitchen(dishes: int = 3) -> list[bytes]:
    """As the README's program that has nothing but a queue and tasks tells it by the tap."""
    script = Script("kitchen")
    last = script.event("system", "tap", "RECORDING_STARTED", session_id=None)
    for number in range(dishes):
        put = script.event("item_put", "main", session_id=None, cause=last, data={"queue": "orders"})
        spawn = script.event("task_spawned", "main", session_id=None, cause=last)
        more = {"session_id": None, "task": f"kitchen/t{number}"}
        script.event("item_got", "cook", cause=put, **more)
        script.event("message_published", "cook", "DISH_READY", direction="publish", cause=spawn, **more)
        last = script.event("task_finished", "cook", cause=spawn, **more)
        script.event("task_joined", "main", session_id=None, cause=last)
    return script.lines


KITCHEN = kitchen()


def view_at(session: Session, row: int, model: GraphModel | None = None) -> GraphView:
    session.tick()
    session.seek(row)
    model = model or GraphModel(session)
    model.extend()
    return model.view()


def cast(lines: list[bytes]) -> Cast:
    log = session_with(lines).log
    return cast_of(log, Links(log))


def test_the_components_of_a_voice_assistant_keep_their_places() -> None:
    """Strangers that come before them in the log do not push them away."""
    assert order(["zebra", "overseer", "user_session"]) == ("user_session", "overseer", "zebra")


def test_a_voice_assistant_is_shown_around_its_bus() -> None:
    """The main task, which has nothing to do with it, stands aside."""
    found = cast(LINES)
    assert found.by_bus
    assert found.aside == ("tap",)


def test_point_to_point_messages_are_shown_from_one_to_the_other() -> None:
    """Nothing says bus: no such component, no subscription, no voice."""
    script = Script()
    for sender, receiver in (("a", "b"), ("b", "c"), ("a", "b")):
        script.send(sender, "JOB", [receiver])
    found = cast(script.lines)
    assert not found.by_bus
    assert found.ways == {("a", "b"): 2, ("b", "c"): 1}


def test_a_program_without_a_bus_is_shown_by_who_causes_what() -> None:
    """Tasks that hand each other work, and publish what nobody is seen to receive; the tap stands aside."""
    session = session_with(KITCHEN)
    model = GraphModel(session)
    for _ in range(3):
        model.extend()
    session.seek(len(KITCHEN) - 1)
    view = model.view()
    assert not view.by_bus
    assert view.ways == {("main", "cook"), ("cook", "main")}
    assert view.aside == ("tap",)
    assert [node.name for node in view.nodes] == ["main", "cook"]


def test_who_never_publishes_nor_receives_is_not_on_the_bus() -> None:
    """Where messages are published and nothing says whom they are for, or what caused what."""
    script = Script()
    script.event("system", "tap", "RECORDING_STARTED", session_id=None)
    script.event("task_spawned", "main", session_id=None)
    script.event("message_published", "cook", "DISH_READY", direction="publish", session_id=None)
    model = GraphModel(session_with(script.lines))
    for _ in range(3):
        model.extend()
    view = model.view()
    assert view.by_bus
    assert [node.name for node in view.nodes] == ["cook"]
    assert set(view.aside) == {"tap", "main"}


def test_a_component_that_all_talk_through_is_the_hub() -> None:
    """A broker of any name: everything goes to it or comes from it."""
    script = Script()
    for name in "abcde":
        script.send(name, "JOB", ["broker"])
        script.send("broker", "TASK", [name])
    found = cast(script.lines)
    assert found.by_bus
    assert found.bus == "broker"
    assert "broker" not in found.names


def test_where_nobody_tells_of_receiving_causes_are_the_ways() -> None:
    """An event in one component that caused one in another."""
    script = Script()
    first = script.event("job_started", "frontend")
    script.event("job_started", "worker", cause=first)
    session = session_with(script.lines)
    model = GraphModel(session)
    view_at(session, 1, model)
    view = view_at(session, 1, model)
    assert view.ways == {("frontend", "worker")}
    assert [flow.way for flow in view.flows] == [("frontend", "worker")]
    assert [(one.source, one.target) for one in view.traffic] == [("frontend", "worker")]


def test_without_causes_a_message_comes_from_who_alone_publishes_it() -> None:
    """The base format names no causes."""
    script = Script()
    for _ in range(3):
        script.event("message_published", "a", "JOB")
        script.event("message_received", "b", "JOB")
    view = view_at(session_with(script.lines), 5)
    assert [(one.source, one.target, one.number) for one in view.traffic] == [("a", "b", 3)]
    assert [flow.way for flow in view.flows] == [("a", "b")]


def test_thousands_of_components_show_the_cursors_one_and_the_chosen_one() -> None:
    """Wherever they are among the others."""
    script = Script()
    for number in range(1500):
        script.event("message_published", f"c{number}", "JOB")
    session = session_with(script.lines)
    session.component = "c700"
    view = view_at(session, 1499)
    names = {node.name for node in view.nodes}
    assert len(view.nodes) == MAX_NODES
    assert {"c700", "c1499"} <= names
    assert view.more == 1500 - MAX_NODES


def test_a_log_without_events_is_an_empty_graph() -> None:
    """Nothing to show, nothing that fails."""
    session = session_with([])
    model = GraphModel(session)
    model.extend()
    view = model.view()
    assert not any((view.nodes, view.flows, view.traffic, view.message))


def test_a_component_that_calls_itself_like_the_hub_has_no_place() -> None:
    """And one without a name is not taken for the bus."""
    script = Script()
    script.send("overseer", "BEGIN_AI_TURN", [HUB, "", "llm_orchestrator"])
    session = session_with(script.lines)
    view = view_at(session, 3)
    assert HUB not in {node.name for node in view.nodes}
    assert [flow.way for flow in view.flows] == [(HUB, "llm_orchestrator"), ("overseer", HUB)]
    assert [flow.way for flow in view_at(session, 2).flows] == [(HUB, ""), ("overseer", HUB)]
