"""Kafka for the tests: librdkafka's mock cluster, which speaks the real protocol to any client over sockets.

It comes with `confluent-kafka`, whose Python shows too little of it: that a broker goes down and comes back,
that it refuses. So its C interface is called, which is public (`rdkafka_mock.h`). It runs in threads of its
own, keeps about 5 MB of a topic, makes topics by itself, and knows no passwords.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final, Self

import confluent_kafka

JOIN_GROUP: Final = 11
PRODUCE: Final = 0
FETCH: Final = 1
_LIBRARIES: Final = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
_POINTER: Final = ctypes.c_void_p
_PRODUCER: Final = 0
_LEADER_WAITS_MS: Final = 50


class KafkaCluster:
    """One broker, in this process; what it keeps is gone with it."""

    def __init__(self) -> None:
        library = ctypes.CDLL(str(next(_LIBRARIES.glob("librdkafka*"))))
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(library, name).restype = _POINTER
        library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        self._library = library
        why = ctypes.create_string_buffer(512)
        conf = _POINTER(library.rd_kafka_conf_new())
        library.rd_kafka_conf_set(conf, b"log_level", b"0", why, ctypes.c_size_t(512))
        self._client = _POINTER(library.rd_kafka_new(_PRODUCER, conf, why, ctypes.c_size_t(512)))
        assert self._client.value, why.value
        self._cluster = _POINTER(library.rd_kafka_mock_cluster_new(self._client, 1))
        self.host = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 10)

    @property
    def url(self) -> str:
        return f"kafka://{self.host}"

    def topic(self, name: str) -> None:
        """Make a topic of one partition."""
        assert self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), 1, 1) == 0

    def down(self) -> None:
        """Connections are cut, and new ones refused."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, 1)

    def up(self) -> None:
        """With all that it had."""
        self._library.rd_kafka_mock_broker_set_up(self._cluster, 1)

    def refuse(self, request: int, code: int) -> None:
        """The next request of a kind is answered with an error."""
        self._push(request, code, 0)

    def let_followers_sync_first(self) -> None:
        """The next time that a second one joins a group, the first, who divides it, is told a little later.

        This mock takes a follower who asks for its share after it has been divided for mistaken, which a
        broker does not.
        """
        self._push(JOIN_GROUP, 0, 0, 0, _LEADER_WAITS_MS)

    def _push(self, request: int, *errors_and_waits: int) -> None:
        """Of the broker: what is pushed for the whole cluster is not looked at any more after that."""
        count = ctypes.c_size_t(len(errors_and_waits) // 2)
        self._library.rd_kafka_mock_broker_push_request_error_rtts(
            self._cluster, ctypes.c_int32(1), ctypes.c_int16(request), count, *errors_and_waits
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)
