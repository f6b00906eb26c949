"""Puts a backend's feed on the network for as long as it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backend.compose import Backend
from backend.gateway import Gateway
from backend.gateway.tokens import token_policy


@asynccontextmanager
async def hosted(backend: Backend, token_file: Path | None = None) -> AsyncIterator[str]:
    """Serve the backend's hub; gives the base URL. Enter it before the backend, so that nothing is missed.

    Raises:
        UserError: the port is taken, or the address needs a token and there is none.
    """
    settings = backend.settings
    policy = token_policy(settings.host, token_file)
    gateway = Gateway(backend.hub, settings.host, settings.port, policy=policy, assistant_info=backend.info)
    async with gateway:
        yield gateway.url
