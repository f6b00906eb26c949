"""`serve --redact`: what a user says to the assistant and must not be known is in nothing that it tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from backend.errors import UserError
from backend.gateway import Gateway
from backend.models import Scripted
from debugger.checking.one import Asked, judge_one
from tests.gateway.feeds import feed_url
from tests.operations.backends import backend_of, talking
from tests.security.test_redacted_recordings import TODAY

SAID = "I am Ada Lovelace, ada@example.org, +49 151 23456789, my key is sk-abcdefghijklmnop1234"
SECRETS = (b"ada@example.org", b"151 23456789", b"sk-abcdefghijklmnop1234", b"Lovelace")
FILE = """
[redact]
words = ["Ada Lovelace"]
distinct = true
"""


async def test_what_a_user_said_is_told_without_what_must_not_be(tmp_path: Path) -> None:
    """In the recording, in the feed's history, its snapshots and topology; and the turn is judged clean."""
    file, recording = tmp_path / "redact.toml", tmp_path / "run.jsonl"
    file.write_text(FILE)
    answers = [Scripted((f"Hello {SAID}. ", "How are you?")), Scripted(("Fine.",))]
    async with talking(tmp_path, (SAID, "again?"), answers, redact=file, record=recording) as backend:
        backend.tap.drain()
        async with (
            Gateway(backend.hub, port=0, assistant_info=backend.info) as gateway,
            connect(feed_url(gateway), proxy=None, max_queue=None) as feed,
        ):
            await feed.send(json.dumps({"type": "subscribe", "since_seq": 0, "states": True, "batch": True}))
            last = backend.hub.ring.next_seq(backend.tap.source) - 1
            served = b""
            while f'"seq":{last},'.encode() not in served:
                served += await feed.recv(decode=False)
        info = json.dumps(backend.info()).encode()
    recorded = recording.read_bytes()
    for where, told in {"recording": recorded, "feed": served, "assistant": info}.items():
        for secret in SECRETS:
            assert secret not in told, where
    assert recorded.count(b"[redacted:email:") > 3
    assert b"[redacted:word:" in served
    judged = judge_one(Asked((str(recording),), TODAY))
    assert (judged.error, [one.rule for one in judged.findings if one.severity == "error"]) == ("", [])


def test_what_is_no_redaction_begins_nothing(tmp_path: Path) -> None:
    """A typing mistake in the file must not cost anybody his privacy."""
    file = tmp_path / "redact.toml"
    file.write_text("[redact]\nword = ['Ada']\n")
    with pytest.raises(UserError, match="did you mean words"):
        backend_of(tmp_path, redact=file)
    with pytest.raises(UserError, match="cannot read the redaction file"):
        backend_of(tmp_path, redact=tmp_path / "none.toml")
