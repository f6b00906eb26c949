"""The feed in numbers."""

from __future__ import annotations

from msgspec import Struct


class ClientStats(Struct, frozen=True):
    """One client: ``queued`` live events wait for it, ``lost`` are those its ``gaps`` told.

    ``kind`` is how it is connected: ``websocket``, ``sse`` or (in this program) ``subscription``.
    """

    peer: str
    state: str
    queued: int
    delivered: int
    gaps: int
    lost: int
    kind: str = "websocket"
    dialect: str = "native"
    connected_seconds: float = 0.0


class HubStats(Struct, frozen=True):
    """The feed in numbers. ``queue_size`` is what waits for the client furthest behind.

    ``delivered``, ``gaps`` and ``lost`` (events) are totals over all clients ever;
    ``dropped`` counts clients thrown out because they took nothing with a full queue;
    ``refused`` those that broke the protocol; ``turned_away`` who was over a limit, or had no right to come
    in, by the reason.
    ``sources`` have the seq that their next event will have; ``states`` are the components and sessions whose
    latest snapshot is kept for late clients, ``states_omitted`` how many are kept no longer.
    """

    running: bool
    active_subscribers: int
    queue_size: int
    queue_limit: int
    history_size: int
    history_limit: int
    history_bytes: int
    source: str | None
    oldest_seq: int
    next_seq: int
    published: int
    delivered: int
    dropped: int
    refused: int
    gaps: int
    lost: int
    clients: tuple[ClientStats, ...]
    turned_away: dict[str, int] = {}
    sources: dict[str, int] = {}
    states: int = 0
    states_omitted: int = 0
    uptime_seconds: float = 0.0
