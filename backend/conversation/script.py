"""A conversation as a TOML file: who says what, and when."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.conversation.faults import FaultName
from backend.errors import UserError

SCRIPTS = Path(__file__).with_name("scripts")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """One thing the user does.

    ``wav`` is spoken, ``type`` is typed, ``hand_off`` names an agent. ``text`` is what the
    WAV says, to be compared with what was understood. ``when`` is ``idle`` (the turn
    before has ended), ``barge_in`` (``after_ms`` into the answer before) or ``message``
    (``after_ms`` after the turn before published a message of the type ``message``).
    ``fault`` ``kill_model`` kills the model's process as soon as this turn's stream has started;
    ``lock_memory`` keeps the conversation memory from being written to until the turn is over.
    """

    wav: Path | None = None
    text: str = ""
    type: str | None = None
    hand_off: str | None = None
    when: Literal["idle", "barge_in", "message"] = "idle"
    message: str | None = None
    after_ms: int = Field(1200, ge=0)
    fault: FaultName | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        if sum(given is not None for given in (self.wav, self.type, self.hand_off)) != 1:
            raise ValueError("a step has exactly one of wav, type and hand_off")
        if (self.when == "message") != (self.message is not None):
            raise ValueError('a step has a message if, and only if, it is when = "message"')
        return self


class Part(_Strict):
    """One session of the conversation."""

    session: str
    user: str
    steps: tuple[Step, ...] = Field(min_length=1)


class Script(_Strict):
    """A whole conversation; its parts are held at the same time.

    ``delays`` in milliseconds, by name, are what a slow network, model or disk would cost.
    A turn that has not ended after ``patience_seconds`` is an error, or with ``gives_up`` the
    moment to go on. ``stays_seconds`` are waited after the last turn, before the sessions end.
    """

    about: str
    delays: dict[str, float] = {}
    patience_seconds: float = Field(60.0, gt=0)
    gives_up: bool = False
    stays_seconds: float = Field(0.0, ge=0)
    parts: tuple[Part, ...] = Field(min_length=1)


def script_names() -> list[str]:
    """The built-in scripts."""
    return sorted(path.relative_to(SCRIPTS).with_suffix("").as_posix() for path in SCRIPTS.rglob("*.toml"))


def load_script(name: str) -> Script:
    """A built-in script by its name, or any by its path. WAV paths count from the file.

    Raises:
        UserError: there is none, or it is not as it should be.
    """
    path = Path(name) if name.endswith(".toml") else SCRIPTS / f"{name}.toml"
    try:
        script = Script.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError):
        known = ", ".join(script_names())
        raise UserError(
            f"there is no conversation {name!r}; built in are: {known}; or give a .toml file"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is no valid TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {place}: {first['msg']}") from None
    return _with_paths_from(path.parent, script)


def _with_paths_from(folder: Path, script: Script) -> Script:
    parts = []
    for part in script.parts:
        steps = tuple(
            step.model_copy(update={"wav": folder / step.wav}) if step.wav else step for step in part.steps
        )
        parts.append(part.model_copy(update={"steps": steps}))
    return script.model_copy(update={"parts": tuple(parts)})
