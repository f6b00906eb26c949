"""What docs/store.md shows is what is printed, over a store that an assistant filled."""

from __future__ import annotations

import asyncio
import re
import shlex
import time
from pathlib import Path
from unittest import mock

import pytest

from backend.events import encode_lines
from backend.models import Scripted, ScriptedModel
from backend.store.sink import StoreSink
from backend.tap import Batch
from tests.cli.command import ROOT
from tests.store.stored import event
from tests.support import assistant as support
from tests.support.commands import say

PAGE = (ROOT / "docs" / "store.md").read_text("utf-8")
HOUR_NS = 3_600 * 10**9


class Stored(support.Record):
    """The record of an assistant, which is also stored."""

    def __init__(self) -> None:
        super().__init__()
        self._store = StoreSink("store")

    def write(self, batch: Batch) -> None:
        super().write(batch)
        self._store.write(batch)

    def close(self) -> None:
        self._store.close()


async def talk() -> None:
    """Two turns fail, one is answered."""
    model = ScriptedModel(
        [Scripted((), error="the weights are gone"), Scripted(("Then it breaks.",)), Scripted(("Yes.",))]
    )
    voice = support.FakeVoice(fail_on="breaks")
    async with support.assistant(model, voice=voice) as rig:
        for text in ("hello", "and now?", "at last?"):
            await rig.say(text)


def grow() -> None:
    """The graph and the tasks of this hour and the one before, as a recording."""
    this = time.time_ns() // HOUR_NS * HOUR_NS
    kinds = ["NODE_ADD", "NODE_ADD", "TASK_COMPLETE"]
    Path("graph.jsonl").write_bytes(
        encode_lines(
            [
                event(
                    seq,
                    source="graph",
                    timestamp_ns=at,
                    timestamp=at / 1e9,
                    event_type="system",
                    message_type=kind,
                )
                for seq, (at, kind) in enumerate(
                    [(at, kind) for at in (this - HOUR_NS, this) for kind in kinds], 1
                )
            ]
        )
    )


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the store and the recording of the page."""
    monkeypatch.chdir(tmp_path)
    with mock.patch.object(support, "Record", Stored):
        asyncio.run(talk())
    grow()


def looks(text: str) -> list[str]:
    """Lines with every number and time the same, and every space one."""
    return [" ".join(re.sub(r"\d[\d:.,-]*", "N", line).split()) for line in text.splitlines()]


def test_every_command_on_the_page_prints_what_the_page_shows(filled: None) -> None:
    """In its order; numbers, which are those of a machine and an hour, apart."""
    commands = 0
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for command, shown in re.findall(
            r"^\$ doubletalk ([^\n]*)\n((?:[^$\n][^\n]*\n|\n)*)", block, re.MULTILINE
        ):
            said = say(*shlex.split(command))
            assert (said.code, said.err) == (0, ""), command
            if shown or "rebuild" not in command:
                wanted = looks(shown)  # an assistant may come to tell more
                found = [line for line in looks(said.out) if line in wanted]
                assert found == wanted, f"{command}\n{said.out}"
            commands += 1
    assert commands >= 10


def test_the_three_questions_have_answers(filled: None) -> None:
    """Of the store as the page fills it: what counts is right, too."""
    say("store", "import", "store", "graph.jsonl")
    queries = re.findall(r'query store "(.*?)"\n', PAGE.replace("\\\n", ""), re.DOTALL)[:3]
    last_hour, growth, errors = (say("query", "store", sql, "--format", "csv").out for sql in queries)
    assert "node.add,2" in last_hour
    assert "error,3" in last_hour
    assert [line.partition(",")[2] for line in growth.splitlines()[1:]] == [
        "node.add,2",
        "task.complete,1",
    ] * 2
    assert errors == "agent,errors\ntts_orchestrator,2\nllm_orchestrator,1\n"
