"""From what a user writes to a model."""

from __future__ import annotations

from backend.errors import UserError
from backend.models.embedded import EmbeddedModel
from backend.models.openai import OpenAICompatibleModel
from backend.models.protocol import ChatModel, ModelError


def build_model(spec: str, *, api_key: str | None = None) -> ChatModel:
    """``embedded``, or ``http://HOST:PORT/v1#MODEL`` for an OpenAI-compatible server.

    Raises:
        UserError: it is neither.
    """
    if spec == "embedded":
        return EmbeddedModel()
    url, _, name = spec.partition("#")
    if not url.startswith(("http://", "https://")) or not name:
        raise UserError(
            f"{spec!r} names no model; write 'embedded', or URL#MODEL such as http://127.0.0.1:11434/v1#llama3"
        )
    try:
        return OpenAICompatibleModel(url, name, api_key=api_key)
    except ModelError as error:
        raise UserError(str(error)) from None
