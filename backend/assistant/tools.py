"""What an agent can do besides talking. Each tool takes JSON arguments and answers in words."""

from __future__ import annotations

import ast
import operator
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backend.assistant.agents import AgentContext, UnknownAgentError
from backend.models import ToolSpec
from backend.tap import Clock

Run = Callable[[Mapping[str, Any]], Awaitable[str]]


class ToolError(Exception):
    """A tool could not do what it was asked; the text goes back to the model."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the model sees it, and what runs when it is called."""

    spec: ToolSpec
    run: Run


_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_LONGEST_EXPRESSION = 200
_EXPRESSION = r"^[0-9]+(\.[0-9]+)?( [-+*/] [0-9]+(\.[0-9]+)?)+$"
_SPELLED = str.maketrans({"\u00d7": "*", "\u00f7": "/", ",": None})


def evaluate(expression: str) -> float:
    """The value of an arithmetic expression: numbers, + - * / // %, brackets. Nothing else is run.

    Raises:
        ToolError: it is no such expression, divides by zero or is too long.
    """
    if len(expression) > _LONGEST_EXPRESSION:
        raise ToolError("the expression is too long")
    try:
        tree = ast.parse(expression.translate(_SPELLED), mode="eval")
        return _value(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolError(f"{expression!r} is no arithmetic expression") from None
    except (ZeroDivisionError, OverflowError) as error:
        raise ToolError(str(error)) from None


def _value(node: ast.AST) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]  # just checked
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.operand))
    raise ToolError("only numbers and + - * / are understood")


_SPOKEN: Final = {"*": "times", "/": "divided by", "+": "plus", "-": "minus"}


def calculator() -> Tool:
    """Arithmetic."""

    async def run(arguments: Mapping[str, Any]) -> str:
        expression = str(arguments.get("expression", ""))
        spoken = " ".join(_SPOKEN.get(token, token) for token in expression.split())
        return f"{spoken} is {evaluate(expression):g}"

    parameters = {
        "type": "object",
        "properties": {
            "expression": {
                "type": "string",
                "description": "Arithmetic with digits, such as 12 * 7",
                "pattern": _EXPRESSION,
            }
        },
        "required": ["expression"],
    }
    hints = (
        "calculate",
        "plus",
        "minus",
        "times",
        "multiply",
        "multiplied",
        "divide",
        "divided by",
        "sum of",
    )
    return Tool(ToolSpec("calculate", "Work out an arithmetic expression", parameters, hints), run)


def clock_tool(clock: Clock) -> Tool:
    """The time of day."""

    async def run(arguments: Mapping[str, Any]) -> str:
        zone = str(arguments.get("timezone") or "UTC")
        try:
            now = datetime.fromtimestamp(clock.wall_ns() / 1e9, ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ToolError(f"there is no time zone {zone!r}") from None
        return f"It is {now:%H:%M} on {now:%A}, {now.day} {now:%B %Y}, {zone} time"

    parameters: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    hints = (
        *("what time", "the time", "current time", "what hour", "what's the time", "how late", "o'clock"),
        *("clock", "date today", "today's date", "the date", "what day", "is it monday", "which day"),
    )
    return Tool(ToolSpec("get_time", "Tell the current time and date", parameters, hints), run)


_VERBS = (
    *("speak to", "speak with", "talk to", "talk with", "switch to", "switch me to"),
    *("transfer me to", "connect me to", "hand me over to", "hand me to"),
)


def switch_agent(agents: AgentContext) -> Tool:
    """The hand-off to another agent."""

    async def run(arguments: Mapping[str, Any]) -> str:
        wanted = str(arguments.get("agent", ""))
        try:
            change = agents.hand_off(wanted, "the user asked for it")
        except UnknownAgentError as error:
            raise ToolError(str(error)) from None
        return f"The {change.to_agent} will take over from the next turn on"

    parameters = {
        "type": "object",
        "properties": {"agent": {"type": "string", "enum": list(agents.agent_ids)}},
        "required": ["agent"],
    }
    hints = (
        *("another agent", "other agent", "change the agent", "switch agents"),
        *(f"{verb} the {name}" for verb in _VERBS for name in agents.agent_ids),
        *(f"{verb} {name}" for verb in _VERBS for name in agents.agent_ids),
    )
    return Tool(ToolSpec("switch_agent", "Hand the user over to another agent", parameters, hints), run)


class ToolBox:
    """The tools of a session, by name."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}

    def specs(self, names: Iterable[str]) -> tuple[ToolSpec, ...]:
        """What the model is told of these tools; names that there are not are left out."""
        return tuple(self._tools[name].spec for name in names if name in self._tools)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Run a tool.

        Raises:
            ToolError: there is no such tool, or it could not do what it was asked.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise ToolError(f"there is no tool {name!r}")
        return await tool.run(arguments)
