"""What docs/feed.md shows is what a program, curl and a client of one's own print."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from backend.services import EventBus, emit_cache_event, emit_error_event
from backend.wire.frames import Subscribe, parse_client_frame
from tests.cli.command import ROOT

PAGE = (ROOT / "docs" / "feed.md").read_text("utf-8")
PORT = "8765"


def blocks(kind: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the program of the page runs: its own port may be taken."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        given = str(free.getsockname()[1])
    path = tmp_path_factory.mktemp("page") / "shop.py"
    path.write_text(blocks("python")[0].replace(PORT, given))
    program = subprocess.Popen([sys.executable, path], cwd=ROOT, stderr=subprocess.PIPE)
    try:
        _until_it_answers(program, given)
        yield given
    finally:
        program.terminate()
        program.wait(10)
        if program.stderr is not None:
            program.stderr.close()


def _until_it_answers(program: subprocess.Popen[bytes], port: str) -> None:
    while program.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return
    raise AssertionError("the program of the page ended")


def looks(text: str) -> str:
    """The same but for what differs in each run: the run's name, times, sizes."""
    text = re.sub(r"shop-[0-9a-f]+", "RUN", text)
    text = re.sub(r'("timestamp"|"history_bytes"|"uptime_seconds"):[\d.]+', r"\1:N", text)
    return text.strip()


def test_what_curl_prints_is_on_the_page(port: str) -> None:
    """History, event stream, stats: each command as it stands there, with its output."""
    shown = [
        (shlex.split(one)[-1], "\n".join(output))
        for block in blocks("console")
        for one, *output in (part.splitlines() for part in block.split("$ ") if part)
    ]
    assert len(shown) == 5
    for url, output in sorted(shown, key=lambda one: "stats" not in one[0]):  # before anybody was here
        assert looks(_read(url.replace(PORT, port), len(output.splitlines()))) == looks(output), url


def _read(url: str, lines: int) -> str:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the program above
            return "".join(answer.readline().decode() for _ in range(lines))
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def test_the_client_on_the_page_prints_what_stands_below_it(port: str) -> None:
    """Hello and the first event, in the words of the system dialect."""
    names: dict[str, Any] = {}
    exec(blocks("python")[2].replace(PORT, port), names)  # noqa: S102 - the page's own code
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        asyncio.run(names["watch"]())
    (shown,) = blocks("text")
    assert looks(printed.getvalue()) == looks(shown)


async def test_the_subscriber_on_the_page_gets_what_is_bad(capsys: pytest.CaptureFixture[str]) -> None:
    """Of caches and errors, from a warning on."""
    names: dict[str, Any] = {"EventBus": EventBus}
    exec(blocks("python")[1], names)  # noqa: S102 - the page's own code
    async with EventBus("shop") as bus:
        complaining = asyncio.create_task(names["complain"](bus))
        await asyncio.sleep(0)
        emit_cache_event("get", "greeting", hit=True)
        emit_error_event("TimeoutError", "no answer", "llm")
    await complaining
    assert capsys.readouterr().out == "error error TimeoutError: no answer llm\n"


def test_the_subscribes_on_the_page_are_understood() -> None:
    """Each field of a subscribe is there, and no other."""
    wanted = [parse_client_frame(block) for block in blocks("json")]
    named = {name for block in blocks("json") for name in json.loads(block)} - {"type"}
    assert named | {"source"} == set(Subscribe.__struct_fields__)
    assert wanted[1].since == {"shop-5a1f": 4, "planner-77b0": 1290}


def test_what_the_page_links_to_is_there() -> None:
    """Other pages, and the clients."""
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    helpers = re.findall(r"\| `(emit_\w+)` \| (.*?) \|", PAGE)
    assert len(helpers) == 6
    from backend import services

    for name, arguments in helpers:
        code = getattr(services, name).__wrapped__.__code__
        assert list(code.co_varnames[: code.co_argcount]) == re.findall(r"`(\w+)`", arguments), name
