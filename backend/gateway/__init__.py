"""The assistant's HTTP side: the live feed and what belongs to it, over FastAPI and uvicorn."""

from __future__ import annotations

from backend.gateway.app import build_app
from backend.gateway.server import Gateway

__all__ = ["Gateway", "build_app"]
