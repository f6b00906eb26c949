"""What one can set: by options, by ``DOUBLETALK_*`` variables, else the defaults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backend.assistant.agent_config import DEFAULT_AGENTS
from backend.assistant.conditions import Delay, delays_given, delays_named
from backend.assistant.guards import Guard, guards_named
from backend.errors import UserError
from backend.wire.limits import DEFAULT as DEFAULT_LIMITS
from backend.wire.limits import Limits, limits_given

_SERVER_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")


class Settings(BaseSettings):
    """The backend's settings. ``model`` is ``embedded`` or the URL of an OpenAI-compatible server.

    ``grace`` is how many seconds a stop may take. ``store`` is a folder; older than ``store_keep_days``, and
    the oldest above ``store_keep_gb``, is removed from it.
    ``tls_cert`` and ``tls_key`` are PEM files; ``limits`` (`backend.wire.limits`) are ``NAME=NUMBER,…``.
    ``bus`` is the URL of a stream server (`backend.mux`) that all events go to; its streams keep as many
    entries as ``bus_keep`` says (``STREAM=ENTRIES,…``). ``environment`` is told there of this program.
    ``redact`` is a file that says what is taken out of every event (`backend.tap.redaction`).
    ``known_as`` are further names of this server: what is neither these nor its address is refused.
    ``without`` are guards of the assistant that are taken away, ``delays`` milliseconds by name; as
    variables ``GUARD,GUARD`` and ``NAME=MS,NAME=MS``.
    """

    model_config = SettingsConfigDict(env_prefix="DOUBLETALK_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8765, ge=0, le=65535)
    known_as: Annotated[frozenset[str], NoDecode] = frozenset()
    model: str = "embedded"
    api_key: str | None = None
    agents: Path = DEFAULT_AGENTS
    memory: Path = Field(default_factory=lambda: user_data_path("doubletalk") / "memory.sqlite3")
    tls_cert: Path | None = None
    tls_key: Path | None = None
    limits: Annotated[Limits, NoDecode] = DEFAULT_LIMITS
    record: Path | None = None
    redact: Path | None = None
    bus: str | None = None
    bus_keep: Annotated[tuple[str, ...], NoDecode] = ()
    environment: str = ""
    store: Path | None = None
    store_keep_days: float | None = Field(None, gt=0)
    store_keep_gb: float | None = Field(None, gt=0)
    grace: float = Field(10.0, ge=1, le=3600)
    history: int = Field(100_000, ge=1)
    without: Annotated[frozenset[Guard], NoDecode] = frozenset()
    delays: Annotated[dict[Delay, float], NoDecode] = {}
    log_level: str = "INFO"
    log_file: Path | None = None
    log_format: Literal["pretty", "json", "none"] = "pretty"

    @field_validator("known_as", mode="before")
    @classmethod
    def _known_names(cls, given: str | Iterable[str]) -> frozenset[str]:
        names = frozenset(_listed(given) if isinstance(given, str) else given)
        for name in names:
            if not _SERVER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a server, such as gateway.example")
        return names

    @field_validator("limits", mode="before")
    @classmethod
    def _known_limits(cls, given: str | Iterable[str] | Limits) -> Limits:
        if isinstance(given, Limits):
            return given
        return limits_given(_listed(given) if isinstance(given, str) else given)

    @field_validator("bus_keep", mode="before")
    @classmethod
    def _kept(cls, given: str | Iterable[str]) -> tuple[str, ...]:
        return tuple(_listed(given) if isinstance(given, str) else given)

    @field_validator("without", mode="before")
    @classmethod
    def _known_guards(cls, given: str | Iterable[str]) -> frozenset[Guard]:
        return guards_named(_listed(given) if isinstance(given, str) else given)

    @field_validator("delays", mode="before")
    @classmethod
    def _known_delays(cls, given: str | Mapping[str, float]) -> dict[Delay, float]:
        return delays_named(delays_given(_listed(given)) if isinstance(given, str) else given)


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part.strip()]


def load_settings(**given: object) -> Settings:
    """Settings with what was given on top of the environment; None is not given.

    Raises:
        UserError: a value is not possible; the text names the setting or what it may have meant.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"the setting {place!r} is not possible: {first['msg']}") from None
