"""Which turns of a session are still to be heard."""

from __future__ import annotations


class Turns:
    """What all components of a session know at once, while messages are still on their way to them.

    A cancelled worker is gone as soon as one component has handled the barge-in. Text and audio of it may
    lie in the mailbox of another, before the message that tells that one: looked at here, they are dropped.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._given_up = 0

    def begin(self, turn: int) -> None:
        """The user has begun this turn; all earlier ones are over."""
        self._begun = max(self._begun, turn)

    def give_up(self, turn: int) -> None:
        """Nothing of this turn, and of those before, is to be heard any more."""
        self._given_up = max(self._given_up, turn)

    def over(self, turn: int | None) -> bool:
        """Whether what belongs to this turn comes too late."""
        return turn is not None and (turn < self._begun or turn <= self._given_up)
