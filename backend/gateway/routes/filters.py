"""What a request asks of the feed, checked: the same words as in a subscribe, one of each a parameter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from backend.wire.frames import Dialect, Severity, Subscribe, one_line
from backend.wire.history import MOST_EVENTS

Moment = Annotated[float, Field(allow_inf_nan=False)] | datetime
Names = Annotated[list[str], Field(max_length=1000)]

PROBLEM: Final[dict[str, Any]] = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["detail"],
                "properties": {"detail": {"type": "string"}},
            }
        }
    }
}
"""How a refusal looks in the OpenAPI document: one line that says what is wrong."""


class Filter(BaseModel):
    """Which events, and in whose words. Each list may come in several parameters; left out, it is everything.

    ``type`` names event types, message types or those of the dialect; ``severity`` is the least one.
    """

    model_config = ConfigDict(extra="forbid")

    type: Names = []
    component: Names = []
    session: Names = []
    severity: Severity | None = None
    dialect: Dialect = "native"

    def wanted(self, **more: Any) -> Subscribe:
        """The same as a subscribe."""
        return Subscribe(
            types=_named(self.type),
            components=_named(self.component),
            sessions=tuple(self.session) or None,
            severity=self.severity,
            dialect=self.dialect,
            batch=True,
            **more,
        )


class StreamFilter(Filter):
    """And where a stream begins: after event ``since_seq`` of ``source``, as in a subscribe.

    ``states`` are told unless they are not wanted: nobody sees them who does not listen to them by name.
    """

    since_seq: Annotated[int, Field(ge=0)] | None = None
    source: str | None = None
    states: bool = True


class PageFilter(Filter):
    """And which page. Times are seconds since the epoch or ISO 8601 (UTC where no zone is given)."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_EVENTS)] = 100
    order: Literal["oldest", "newest"] = "oldest"
    cursor: Annotated[str, Field(pattern=r"^.+:[0-9]{1,18}$")] | None = None

    @property
    def times(self) -> tuple[float | None, float | None]:
        """From when on, and until when, in seconds since the epoch."""
        return _seconds(self.from_), _seconds(self.to)


def _named(names: list[str]) -> tuple[str, ...] | None:
    """Names of types and components have no commas, so that a list may be one parameter."""
    return tuple(name for given in names for name in given.split(",")) or None


def _seconds(moment: float | datetime | None) -> float | None:
    if not isinstance(moment, datetime):
        return moment
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


_TIME: Final = "seconds since the epoch, or ISO 8601 such as 2026-11-21T08:00:00Z"
_MEANT: Final = {"from": _TIME, "to": _TIME, "cursor": "SOURCE:SEQ, as the page before gave it"}


async def told_in_one_line(_: Request, error: Exception) -> JSONResponse:
    """What is wrong with a request: the parameter, what it is to be, and what it was."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    first = error.errors()[0]
    name = str(first["loc"][1]) if len(first["loc"]) > 1 else "the request"
    if first["type"] == "extra_forbidden":
        return JSONResponse({"detail": f"there is no parameter {one_line(name)!r}"}, 422)
    what = _MEANT.get(name) or one_line(first["msg"])
    return JSONResponse({"detail": f"{one_line(name)}: {what}, not {one_line(first.get('input'))!r}"}, 422)
