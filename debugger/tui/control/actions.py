"""Keys that hold the bus, step it, and break."""

from __future__ import annotations

from typing import Final

from backend.wire.control import Resume, Step, Then, What
from debugger.tui.actions.arranging import Arranging
from debugger.tui.control.model import Control
from debugger.tui.control.purposes import Breaking, Delaying, Injecting, Pacing
from debugger.tui.control.widget import HeldList

A_RECORDING: Final = "a recording cannot be held: attach to a running backend"


class Holding(Arranging):
    """What can be done to the bus of a running backend, from anywhere."""

    def _control(self) -> Control | None:
        """What to ask; says why there is nothing."""
        control = self.session.control
        problem = A_RECORDING if control is None else control.problem
        if problem:
            self.session.say(problem, bad=True)
            self.sync()
            return None
        return control

    def action_held(self) -> None:
        """To the pane of what is held."""
        if self.session.control is None:
            self._control()
        else:
            self.action_pane("held")

    def action_hold_bus(self) -> None:
        """Pause the bus, or let it run on."""
        control = self._control()
        if control is None:
            return
        if control.paused and control.ours:
            control.ask(Resume(), "the bus runs on")
        else:
            control.pause()
            self.action_pane("held")
        self.sync()

    def action_step_bus(self, what: What) -> None:
        """Let one delivery go, or a turn."""
        control = self._control()
        if control is None:
            return
        if not control.paused:
            self.session.say("the bus runs: pause it first")
        else:
            control.ask(Step(what))
        self.sync()

    def action_break_where(self, then: Then) -> None:
        """Type where to break."""
        control = self._control()
        if control is not None:
            self.ask(Breaking(control, then))

    def action_break_on_findings(self) -> None:
        """Pause the bus when something went wrong, or no longer."""
        control = self._control()
        if control is not None:
            control.findings.toggle(self.session.judging)
        self.sync()

    def action_let_go(self) -> None:
        """Let everything run."""
        control = self._control()
        if control is not None:
            control.let_go()
        self.sync()

    def action_inject(self) -> None:
        """Type a message."""
        control = self._control()
        if control is not None:
            self.ask(Injecting(control))

    def action_delay(self) -> None:
        """Type a delay."""
        control = self._control()
        if control is not None:
            self.ask(Delaying(control))

    def action_pace(self) -> None:
        """Type a pace."""
        control = self._control()
        if control is not None:
            self.ask(Pacing(control))

    def on_held_list_opened(self, event: HeldList.Opened) -> None:
        """To the event of a delivery."""
        self.session.jump(self.session.log.find_id(event.event), "that event is not here (yet)")
        self.sync()

    def on_held_list_changing(self, event: HeldList.Changing) -> None:
        """Type something else."""
        self.ask(event.purpose, event.text)
