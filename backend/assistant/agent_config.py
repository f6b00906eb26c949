"""The agents file: TOML, checked on reading, errors told with the place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.errors import UserError

DEFAULT_AGENTS = Path(__file__).with_name("agents.toml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VoiceSpec(_Strict):
    """A voice by its id; ``speed`` 1.0 is its own pace, 0.5 to 2."""

    voice_id: str = "heart"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)


class AgentSpec(_Strict):
    """One agent. ``{{username}}`` in the prompt becomes the user's name."""

    prompt: str = Field(min_length=1)
    voice: VoiceSpec = VoiceSpec()
    tools: tuple[str, ...] = ()


class UserSpec(_Strict):
    """What is different for one user: name, agent to begin with, voices by agent."""

    username: str | None = None
    agent: str | None = None
    voices: dict[str, VoiceSpec] = {}


class AgentBook(_Strict):
    """All agents, the one to begin with, and the users' own settings."""

    default: str
    agents: dict[str, AgentSpec] = Field(min_length=1)
    users: dict[str, UserSpec] = {}

    @model_validator(mode="after")
    def _names_exist(self) -> AgentBook:
        wanted = {"default": self.default}
        for name, user in self.users.items():
            if user.agent is not None:
                wanted[f"users.{name}.agent"] = user.agent
            wanted |= {f"users.{name}.voices.{agent}": agent for agent in user.voices}
        for place, agent in wanted.items():
            if agent not in self.agents:
                raise ValueError(f"{place} names the agent {agent!r}; there are: {', '.join(self.agents)}")
        return self

    def user(self, user_id: str) -> UserSpec:
        """A user's own settings; empty ones for a stranger."""
        return self.users.get(user_id) or UserSpec()


def load_agents(path: Path = DEFAULT_AGENTS) -> AgentBook:
    """Read an agents file.

    Raises:
        UserError: it cannot be read, is no TOML, or says something impossible.
    """
    try:
        return AgentBook.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the agents file {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is no valid TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UserError(f"{path}: {place}: {first['msg']}") from None


def render_prompt(prompt: str, username: str) -> str:
    """Fill in ``{{username}}``; spaces inside the braces are allowed."""
    return re.sub(r"\{\{\s*username\s*\}\}", lambda _match: username, prompt)
