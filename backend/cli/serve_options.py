"""The options of `serve`, by what they are about. What is not given is a variable's, else the default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# --- who may come in, and by which door -----------------------------------------------

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="8765")]
KnownAs = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Another name of this server; repeatable.")
]
TokenFile = Annotated[Path | None, typer.Option(help="File with the token that viewers need.")]
Control = Annotated[
    bool,
    typer.Option(
        "--control",
        help="Let debuggers hold the bus and re-order it. Needs a token, on this machine too: one is "
        "made that `attach` finds.",
    ),
]
ControlTokenFile = Annotated[
    Path | None,
    typer.Option(help="File with the token that control needs; else DOUBLETALK_CONTROL_TOKEN."),
]
TlsCert = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Serve over TLS, with this certificate (PEM).")
]
TlsKey = Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")]
Limit = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=NUMBER", help="Bound clients, such as connections=100; repeatable."),
]

# --- who answers ------------------------------------------------------------------------

Model = Annotated[str | None, typer.Option(help="'embedded', or URL#MODEL of an OpenAI-compatible server.")]
Agents = Annotated[Path | None, typer.Option(help="Agents file (TOML).")]
Memory = Annotated[Path | None, typer.Option(help="Conversation history (SQLite).")]

# --- where events go ----------------------------------------------------------------------

Record = Annotated[Path | None, typer.Option(help="Also record to this JSONL file.")]
Redact = Annotated[
    Path | None, typer.Option(help="TOML file: what is taken out of events before anybody sees them.")
]
BusUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Publish all events there: redis://HOST, nats://HOST, kafka://HOST."),
]
BusKeep = Annotated[
    list[str] | None,
    typer.Option(metavar="STREAM=ENTRIES", help="How much a stream keeps there; repeatable."),
]
Environment = Annotated[
    str | None, typer.Option(metavar="NAME", help="Told there of this program, such as staging.")
]
Store = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Store all events there, to be asked in SQL.")
]
StoreKeepDays = Annotated[
    float | None, typer.Option(metavar="DAYS", help="Remove older events from the store.")
]
StoreKeepGb = Annotated[
    float | None, typer.Option(metavar="GB", help="Remove the oldest events above this size.")
]

# --- words and speech -----------------------------------------------------------------------

Wavs = Annotated[list[Path] | None, typer.Option(help="Speak this WAV to the assistant; repeatable.")]
Loop = Annotated[bool, typer.Option("--loop", help="Speak the WAVs again and again.")]
Microphone = Annotated[bool, typer.Option("--microphone", help="Listen to the microphone.")]
Loudspeaker = Annotated[bool, typer.Option("--loudspeaker", help="Play on the sound device.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Take typed lines from a pipe or a file, too.")]
Fast = Annotated[bool, typer.Option("--fast", help="Take WAVs and playback as fast as possible.")]
Out = Annotated[Path | None, typer.Option(help="Write the assistant's speech to this WAV.")]
User = Annotated[str, typer.Option(help="Who is talking.")]

# --- the process ------------------------------------------------------------------------------

Grace = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="How long a stop may take.", show_default="10")
]
LogLevel = Annotated[str | None, typer.Option(help="trace, debug, info, warning or error.")]
LogFile = Annotated[Path | None, typer.Option(help="Also log to this file, as JSON lines.")]
