"""Which source a URL means: a feed, or a stream on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backend.mux.transports import is_bus_url
from debugger.sources.feed import Asked, FeedSource, feed_url

if TYPE_CHECKING:
    from debugger.sources.bus import BusSource

    Source = FeedSource | BusSource
else:
    Source = FeedSource


def source_of(asked: Asked) -> Source:
    """The source that is meant. A server's client library is loaded when it is a stream.

    Raises:
        UserError: it means none.
    """
    if not is_bus_url(asked.url):
        return FeedSource.of(asked)
    from debugger.sources.bus import BusSource  # noqa: PLC0415 - see above

    return BusSource.of(asked)


def address_of(url: str) -> str:
    """What a URL given by hand names: a stream as it is, else a feed's whole URL.

    Raises:
        UserError: it means neither.
    """
    return url if is_bus_url(url) else feed_url(url)


LOOKED_AT: Final = 100_000
"""Events of a stream's history that somebody who looks at it gets: as many as a gateway has."""


def stream_at(url: str, history: int | None = LOOKED_AT) -> BusSource | None:
    """The source of a stream, ``history`` events back (None: all that it has); None for a feed's URL.

    Raises:
        UserError: the URL cannot be used.
    """
    if not is_bus_url(url):
        return None
    from debugger.sources.bus import BusSource  # noqa: PLC0415 - see above

    return BusSource(url, history=history)
