"""Publishing so that what an interrupted call leaves is a beginning of its entries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from nats.js import api
from nats.js.errors import APIError

from backend.mux.nats_link import ANSWER_SECONDS, Session

_ID: Final[str] = api.Header.BATCH_ID.value
_NUMBER: Final[str] = api.Header.BATCH_SEQUENCE.value
_COMMIT: Final[str] = api.Header.BATCH_COMMIT.value
_BATCH: Final = 500
"""Half of what the server takes in one batch."""


async def publish_in_order(
    session: Session, subject: str, payloads: Sequence[bytes], *, atomic: bool
) -> None:
    """Returns when the server has all of them.

    Published without waiting for each, the first could be refused (a server that begins, a cluster that
    chooses a leader) and later ones taken. A batch is there as a whole or not at all.
    """
    size = _BATCH if atomic else 1
    for at in range(0, len(payloads), size):
        await _publish(session, subject, payloads[at : at + size])


async def _publish(session: Session, subject: str, payloads: Sequence[bytes]) -> None:
    client, last = session.client, len(payloads)
    if last == 1:
        answer = await client.request(subject, payloads[0], timeout=ANSWER_SECONDS)
    else:
        batch = client.new_inbox().rpartition(".")[2]  # an id that nobody else has
        for number, payload in enumerate(payloads[:-1], 1):
            await client.publish(subject, payload, headers={_ID: batch, _NUMBER: str(number)})
        about = {_ID: batch, _NUMBER: str(last), _COMMIT: "1"}
        answer = await client.request(subject, payloads[-1], timeout=ANSWER_SECONDS, headers=about)
    said = json.loads(answer.data)
    if "error" in said:
        raise APIError.from_error(said["error"])
