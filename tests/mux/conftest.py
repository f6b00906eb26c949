"""A real stream server for the tests of a file, empty before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mux.valkey import Valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def url(valkey: Valkey) -> str:
    with valkey.client() as client:
        client.flushall()
    return valkey.url
