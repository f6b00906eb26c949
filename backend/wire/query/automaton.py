"""A program of single steps, run on a text for all its ways at once."""

from __future__ import annotations

import enum
import re
from typing import Any, Final, TypeAlias


class Op(enum.Enum):
    """Steps of a program, and what stands after each."""

    CHAR = "a character that the expression after it matches"
    AT = "the place that the sign after it names"
    SPLIT = "either of two steps"
    JUMP = "a step"
    FOUND = "nothing: it is found"


Code: TypeAlias = list[tuple[Any, ...]]

_MOST: Final = 20_000
"""Transitions that are remembered; then all are forgotten."""


class Side(enum.Enum):
    """What is before or after a place in a text."""

    EDGE = "the start or the end"
    LAST_LINE = "a newline, which is the last character"
    LINE = "a newline"
    WORD = "a letter, a digit, an underscore"
    OTHER = "anything else"


class _State(dict[str, "_State"]):
    """Where a run may be before the next character; by that character, where it is after it."""

    __slots__ = ("before", "machine", "steps")

    def __init__(self, machine: Automaton, steps: frozenset[int], before: Side) -> None:
        super().__init__()
        self.machine = machine
        self.steps = steps
        self.before = before

    def __missing__(self, char: str) -> _State:
        following = self[char] = self.machine.after(self, char, side_of(char))
        return following


class Automaton:
    """Says whether a program is found in a text, in time that grows with the text's length alone.

    Sets of steps become states, and states remember what follows them, so that most of a text
    costs a look into a dict a character. One thread uses it at a time.
    """

    def __init__(self, code: Code, flags: re.RegexFlag) -> None:
        self._code = code
        self._lines = bool(flags & re.MULTILINE)
        flags &= re.IGNORECASE | re.DOTALL
        self._chars = {
            at: re.compile(step[1], flags).fullmatch for at, step in enumerate(code) if step[0] is Op.CHAR
        }
        self._found = _State(self, frozenset(), Side.EDGE)
        self._states: dict[tuple[frozenset[int], Side], _State] = {}
        self._remembered = 0
        self._start = self._state(frozenset(), Side.EDGE)

    def search(self, text: str) -> bool:
        """Whether it is found anywhere."""
        state, found = self._start, self._found
        ends_in_newline = text.endswith("\n")
        for char in text[:-1] if ends_in_newline else text:
            state = state[char]
            if state is found:
                return True
        if ends_in_newline:
            state = self.after(state, "\n", Side.LAST_LINE)
        return state is found or self._reached(state, Side.EDGE) is None

    def after(self, state: _State, char: str, side: Side) -> _State:
        """The state that follows when `char`, which is of `side`, comes."""
        reached = self._reached(state, side)
        if reached is None:
            return self._found
        self._remembered += 1
        if self._remembered > _MOST:
            self._states.clear()
            self._remembered = 0
            self._start = self._state(frozenset(), Side.EDGE)
        chars = self._chars
        steps = frozenset(at + 1 for at in reached if at in chars and chars[at](char))
        return self._state(steps, Side.LINE if side is Side.LAST_LINE else side)

    def _state(self, steps: frozenset[int], before: Side) -> _State:
        state = self._states.get((steps, before))
        if state is None:
            state = self._states[steps, before] = _State(self, steps, before)
        return state

    def _reached(self, state: _State, after: Side) -> set[int] | None:
        """The steps that can be taken without a character; None if that is all that was needed."""
        open_steps = [0, *state.steps]  # it may also begin here
        reached: set[int] = set()
        while open_steps:
            at = open_steps.pop()
            if at in reached:
                continue
            reached.add(at)
            step = self._code[at]
            if step[0] is Op.FOUND:
                return None
            if step[0] is Op.SPLIT or step[0] is Op.JUMP:
                open_steps += step[1:]
            elif step[0] is Op.AT and self._is_at(step[1], state.before, after):
                open_steps.append(at + 1)
        return reached

    def _is_at(self, sign: str, before: Side, after: Side) -> bool:
        if sign == r"\A":
            return before is Side.EDGE
        if sign == r"\Z":
            return after is Side.EDGE
        if sign == "^":
            return before is Side.EDGE or (self._lines and before is Side.LINE)
        if sign == "$":
            return after in {Side.EDGE, Side.LAST_LINE} or (self._lines and after is Side.LINE)
        between = (before is Side.WORD) != (after is Side.WORD)
        return between if sign == r"\b" else not between


def side_of(char: str) -> Side:
    """What a character is to what is beside it."""
    if char == "\n":
        return Side.LINE
    return Side.WORD if char == "_" or char.isalnum() else Side.OTHER
