"""From a URL to the transport behind it. A server's client library is loaded when its URL is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

from backend.mux.protocol import Limits, MakesTransport, MuxRefusedError, Transport

_WHERE: Final = {
    "memory": "backend.mux.memory:MemoryTransport",
    "redis": "backend.mux.redis_streams:RedisTransport",
    "rediss": "backend.mux.redis_streams:RedisTransport",
    "valkey": "backend.mux.redis_streams:RedisTransport",
    "valkeys": "backend.mux.redis_streams:RedisTransport",
    "nats": "backend.mux.nats_jetstream:NatsTransport",
    "kafka": "backend.mux.kafka_topics:KafkaTransport",
}


def is_bus_url(text: str) -> bool:
    """Whether this names a stream server: for whoever takes feeds of several kinds."""
    return text.partition("://")[0].lower() in _WHERE and "://" in text


def transport_of(url: str, limits: Mapping[str, Limits] | None = None) -> Transport:
    """The transport for a URL; no I/O yet.

    Raises:
        MuxRefusedError: the scheme is unknown, the URL cannot be read, or the client library is missing.
    """
    parts = split_url(url)
    where = _WHERE.get(parts.scheme)
    if where is None:
        known = ", ".join(f"{scheme}://" for scheme in _WHERE)
        raise MuxRefusedError(f"{shown(url)}: no stream server that is known here; there are {known}")
    module, _, name = where.partition(":")
    try:
        make = cast(MakesTransport, getattr(import_module(module), name))
    except ImportError as error:
        raise MuxRefusedError(f"{shown(url)} needs {error.name}: pip install 'doubletalk[mux]'") from None
    if limits is None:
        from backend.mux.streams import LIMITS  # noqa: PLC0415 - who has a table of his own needs none

        limits = LIMITS
    return make(url, limits)


def split_url(url: str) -> SplitResult:
    """The parts of a URL.

    Raises:
        MuxRefusedError: it has none, or a port that is no port.
    """
    try:
        parts = urlsplit(url)
        _ = [host.port for host in _hosts(parts)]
    except ValueError as error:
        raise MuxRefusedError(f"not the URL of a stream server: {error}") from None
    if not parts.scheme or "://" not in url:
        raise MuxRefusedError(f"{url}: not a URL; write for example redis://127.0.0.1:6379")
    return parts


def shown(url: str) -> str:
    """The URL as people may see it: no user, no password, no options."""
    try:
        parts = urlsplit(url)
        hosts = ",".join(_shown_host(host) for host in _hosts(parts))
    except ValueError:
        return "the stream server"
    return f"{parts.scheme}://{hosts}{parts.path.rstrip('/')}"


def _shown_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"[{host}]{port}" if ":" in host else f"{host}{port}"


def _hosts(parts: SplitResult) -> list[SplitResult]:
    """Servers of one cluster follow each other with commas."""
    return [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
