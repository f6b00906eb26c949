"""What one can set: by options, by ``DOUBLETALK_*`` variables, else the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.assistant.agent_config import DEFAULT_AGENTS
from backend.errors import UserError


class Settings(BaseSettings):
    """The backend's settings. ``model`` is ``embedded`` or the URL of an OpenAI-compatible server."""

    model_config = SettingsConfigDict(env_prefix="DOUBLETALK_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8765, ge=0, le=65535)
    model: str = "embedded"
    api_key: str | None = None
    agents: Path = DEFAULT_AGENTS
    memory: Path = Field(default_factory=lambda: user_data_path("doubletalk") / "memory.sqlite3")
    record: Path | None = None
    history: int = Field(100_000, ge=1)
    log_level: str = "INFO"
    log_file: Path | None = None
    log_format: Literal["pretty", "json", "none"] = "pretty"


def load_settings(**given: object) -> Settings:
    """Settings with what was given on top of the environment; None is not given.

    Raises:
        UserError: a value is not possible; the text names the setting.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"the setting {place!r} is not possible: {first['msg']}") from None
