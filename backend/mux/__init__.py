"""Events over many machines: a stream server between those who tell and those who watch.

`protocol` is all that the rest knows of a server; one module each stands behind it
(`memory`, `redis_streams`, `nats_jetstream`, `kafka_topics`), loaded when its URL is used.
"""

from __future__ import annotations

from backend.mux.protocol import Entry, MuxAwayError, MuxError, MuxRefusedError, Transport
from backend.mux.transports import transport_of

__all__ = ["Entry", "MuxAwayError", "MuxError", "MuxRefusedError", "Transport", "transport_of"]
