"""Terminal, sound, ports, folders, tokens: what the machine lends us."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from backend.errors import UserError
from backend.token_file import CONTROL_VARIABLE, VARIABLE, given_token, run_token_path
from debugger.cli.doctor.diagnosis import Diagnosis, note, ok, problem

_SMALLEST: Final = (80, 24)
_PORT: Final = 8765
_ROOM: Final = 500 << 20
_SOUND_SECONDS: Final = 3.0
_SOUND: Final = (
    "import sounddevice as s; "
    "[print(' '.join(s.query_devices(kind=k)['name'].split())) for k in ('input', 'output')]"
)


def terminal(environ: Mapping[str, str] = os.environ) -> Iterator[Diagnosis]:
    """Whether the interface can be painted, and how."""
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()):
        yield note(
            "terminal", "there is none: attach and replay need one", "without: check, query, stats, record"
        )
        return
    columns, rows = shutil.get_terminal_size()
    size = f"{columns}x{rows}"
    if columns < _SMALLEST[0] or rows < _SMALLEST[1]:
        yield note("terminal", f"{size} is small", f"make it {_SMALLEST[0]}x{_SMALLEST[1]} or larger")
    else:
        yield ok("terminal", size)
    if environ.get("TERM", "") in {"", "dumb"}:
        yield problem("colours", f"TERM is {environ.get('TERM', '')!r}", "set TERM to what your terminal is")
    elif environ.get("NO_COLOR"):
        yield ok("colours", "none, as NO_COLOR says: letters tell what colours would")
    elif environ.get("COLORTERM", "") in {"truecolor", "24bit"} or "256" in environ["TERM"]:
        yield ok("colours", environ.get("COLORTERM") or environ["TERM"])
    else:
        yield note("colours", f"few ({environ['TERM']})", "where it can do more: COLORTERM=truecolor")
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding == "utf8":
        yield ok("characters", "UTF-8")
    else:
        yield note("characters", f"{encoding or 'unknown'}, not UTF-8", "use --ascii, or a locale of UTF-8")


class Sound:
    """Asked in a process of its own, begun at once: drivers take their time, and write where they like."""

    def __init__(self) -> None:
        self._asked: subprocess.Popen[str] | None = None
        if find_spec("sounddevice") is not None:
            self._asked = subprocess.Popen(  # noqa: S603 - this interpreter, words of our own
                [sys.executable, "-c", _SOUND],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )

    def told(self) -> Diagnosis:
        """What came of it; waits for it."""
        instead = "WAV files do without: serve --wav, --out"
        if self._asked is None:
            return note(
                "sound", "sounddevice is not installed", f'pip install "doubletalk[device]"; {instead}'
            )
        try:
            said, _ = self._asked.communicate(timeout=_SOUND_SECONDS)
        except subprocess.TimeoutExpired:
            self._asked.kill()
            self._asked.communicate()
            return note("sound", f"the system did not answer within {_SOUND_SECONDS:g} s", instead)
        names = said.splitlines()
        if self._asked.returncode or len(names) < 2:  # noqa: PLR2004 - in and out
            return note("sound", "no microphone and loudspeaker, or no PortAudio", instead)
        return ok("sound", f"{names[0]} in, {names[1]} out")


def ports(environ: Mapping[str, str] = os.environ) -> Iterator[Diagnosis]:
    """Whether `serve` could listen."""
    given = environ.get("DOUBLETALK_PORT", "")
    if given and not (given.isascii() and given.isdigit() and int(given) < 65536):  # noqa: PLR2004 - ports
        yield problem("port", f"DOUBLETALK_PORT is {given!r}", "a port is a number from 0 to 65535")
        return
    port = int(given or _PORT)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            told = f"{port} on 127.0.0.1: {error.strerror}"
            yield note("port", told, f"see what it is: doubletalk doctor {port}; or serve --port 0")
        else:
            yield ok("port", f"{port} is free" if port else "any free one")


def folders() -> Iterator[Diagnosis]:
    """Where we write: settings, conversations."""
    import platformdirs  # noqa: PLC0415 - as all here: only for this

    config = os.environ.get("DOUBLETALK_CONFIG") or platformdirs.user_config_dir("doubletalk")
    for about, path in (("settings", config), ("data", platformdirs.user_data_dir("doubletalk"))):
        yield _writable(about, Path(path))


def _writable(about: str, folder: Path) -> Diagnosis:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    fix = "give yourself the right, or set XDG_CONFIG_HOME and XDG_DATA_HOME to folders of yours"
    if not there.is_dir():
        return problem(about, f"{there} is no folder", fix)
    if not os.access(there, os.W_OK | os.X_OK):
        return problem(about, f"{there} cannot be written", fix)
    free = shutil.disk_usage(there).free
    if free < _ROOM:
        return problem(about, f"{folder}: {free >> 20} MiB are left on its disk", "make room")
    return ok(about, f"{folder} ({'is there' if folder.exists() else 'is made when needed'})")


def tokens(token_file: Path | None, environ: Mapping[str, str] = os.environ) -> Iterator[Diagnosis]:
    """Those that are given, and those that servers left for this user."""
    if token_file is not None:
        yield _token_file(token_file)
    for variable in (VARIABLE, CONTROL_VARIABLE):
        if environ.get(variable, "").strip():
            try:
                given_token(None, environ, variable)
            except UserError as error:
                yield problem("token", str(error), f"unset {variable}, or set it to the server's token")
            else:
                yield ok("token", f"{variable} is set")
    yield from _left_by_servers()


def _token_file(path: Path) -> Diagnosis:
    try:
        given_token(path)
        mode = stat.S_IMODE(path.stat().st_mode)
    except UserError as error:
        return problem("token", str(error), "make one of 16 characters or more, in a file of its own")
    except OSError as error:
        return problem("token", f"{path}: {error.strerror}")
    if mode & 0o077:
        return problem("token", f"others may read {path} (mode {mode:04o})", f"chmod 600 {path}")
    return ok("token", f"{path} is yours alone")


def _left_by_servers() -> Iterator[Diagnosis]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = run_token_path(0).parent
    try:
        status = folder.lstat()
    except OSError:
        return  # no server of this user's left one
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        yield problem(
            "tokens of servers", f"{folder} is not yours alone", "remove it, or set XDG_RUNTIME_DIR"
        )
        return
    left: list[Path] = []
    with suppress(OSError):
        left = sorted(folder.glob("token-*"))
    bad = [one for one in left if _is_open(one)]
    if bad:
        yield problem(
            "tokens of servers",
            f"others may read {', '.join(map(str, bad[:3]))}",
            "remove them, and serve again",
        )
    elif left:
        yield ok("tokens of servers", f"{len(left)} in {folder}")


def _is_open(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False  # its server ended meanwhile
    return not stat.S_ISREG(status.st_mode) or bool(status.st_mode & 0o077) or status.st_uid != os.geteuid()
