"""Both servers of the feed, to be tested alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.gateway import Gateway
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from tests.gateway.feeds import Server


@pytest.fixture(params=[FeedServer, Gateway], ids=["tap feed", "gateway"])
def make(request: pytest.FixtureRequest) -> Callable[..., Server]:
    """Either server, of a hub, on a free port."""

    def server(hub: Hub, **options: Any) -> Server:
        made: Server = request.param(hub, **({"port": 0} | options))
        return made

    return server
