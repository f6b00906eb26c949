"""`doubletalk demo`: a sample conversation with the assistant, the debugger attached to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.conditions import Delays, ListGuards, Without, delays_of
from backend.errors import UserError

_STOP_SECONDS = 15.0


def demo(  # noqa: PLR0913, PLR0917 - one parameter for each option
    out: Annotated[Path, typer.Option(help="Folder for the recording and the WAVs.")] = Path(
        "doubletalk-demo"
    ),
    conversation: Annotated[
        str, typer.Option(help="A built-in conversation by name, or a .toml file.")
    ] = "demo",
    headless: Annotated[bool, typer.Option("--headless", help="No debugger; print a summary.")] = False,
    port: Annotated[int, typer.Option(help="Port of the feed; 0 takes a free one.")] = 0,
    model: Annotated[
        str | None, typer.Option(help="'embedded', or URL#MODEL of an OpenAI-compatible server.")
    ] = None,
    agents: Annotated[Path | None, typer.Option(help="Agents file (TOML).")] = None,
    without: Without = None,
    delay: Delays = None,
    list_guards: ListGuards = False,
    log_level: Annotated[str | None, typer.Option(help="trace, debug, info, warning or error.")] = None,
) -> None:
    """Hold a spoken conversation with the assistant; leaves a recording and WAVs behind."""
    del list_guards  # told before this is called
    if not headless and sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
        _watch(sys.argv[1:], out)
        return
    from backend.cli.demo import run_conversation  # noqa: PLC0415 - loads the whole backend

    run_conversation(
        out,
        conversation,
        port=port,
        model=model,
        agents=agents,
        without=without,
        delays=delays_of(delay),
        log_level=log_level,
    )


def _watch(arguments: list[str], out: Path) -> None:
    """Run the same command headless in a process of its own, and the debugger here."""
    from debugger.cli.view import run_attached  # noqa: PLC0415 - loads the whole interface

    command = [sys.executable, "-m", "debugger.cli", *arguments, "--headless"]
    sys.stderr.write("loading speech and language models …\n")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as backend:  # noqa: S603 - ourselves
        try:
            address = _address(backend)
            run_attached([address])
        finally:
            if backend.poll() is None:
                sys.stderr.write("stopping the backend …\n")
                backend.send_signal(signal.SIGINT)
            try:
                printed, complained = backend.communicate(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                backend.kill()
                printed, complained = backend.communicate()
    sys.stdout.write(printed)
    sys.stderr.write(complained)
    if (out / "recording.jsonl").exists():
        sys.stderr.write(f"the recording is {out / 'recording.jsonl'}\n")


def _address(backend: subprocess.Popen[str]) -> str:
    """The feed's address, from the backend's first words; its last words if it says something else."""
    if backend.stderr is None:
        raise RuntimeError("the backend's stderr is a pipe")
    told = ""
    for line in backend.stderr:
        if line.startswith("feed at "):
            return line.removeprefix("feed at ").strip()
        told = line.strip() or told
    raise UserError(f"the backend did not start: {told.removeprefix('doubletalk: ') or 'it said nothing'}")
