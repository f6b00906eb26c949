"""The command line: `doubletalk`. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
import traceback

from debugger.cli.telling import tell

EXIT_USAGE = 2
EXIT_INTERNAL = 3
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; every way it can end has its exit code (CONTRACT section 3)."""
    try:
        from debugger.cli.app import app  # noqa: PLC0415 - a bare tap install has no command line
    except ModuleNotFoundError as error:
        sys.exit(_tell(error, ValueError))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(run(app))


def run(app: object) -> int:
    """Call a command-line app; returns the exit code. Errors are told in one line."""
    from backend.errors import UserError  # noqa: PLC0415 - see main

    if not callable(app):
        raise TypeError(f"{app!r} cannot be called")
    try:
        app()
        sys.stdout.flush()  # here, where it can still be told that nobody reads it
    except SystemExit as stopped:
        hidden = _hidden_by_click(stopped)
        if hidden is not None:
            return _tell(hidden, UserError)
        return stopped.code if isinstance(stopped.code, int) else EXIT_USAGE if stopped.code else 0
    except BaseException as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
        return _tell(error, UserError)
    return 0


def _hidden_by_click(stopped: SystemExit) -> BaseException | None:
    """What click made an exit code 1 of, which here means findings: a reader that is gone, an EOFError."""
    cause = stopped.__context__
    if cause is not None and cause.__cause__ is not None:
        cause = cause.__cause__
    return cause if isinstance(cause, (BrokenPipeError, EOFError)) else None


def _tell(error: BaseException, user_error: type[Exception]) -> int:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # a task group's only failure is the failure
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has seen enough; stdout must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    code = EXIT_USAGE
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    if missing and missing.partition(".")[0] not in ("backend", "debugger"):
        told = f'this needs {missing}, which is not installed; get it with: pip install "doubletalk[all]"'
    elif isinstance(error, user_error):
        told = str(error)
    else:
        code = EXIT_INTERNAL
        if os.environ.get("DOUBLETALK_DEBUG"):
            traceback.print_exception(error)
        told = (
            f"internal error: {type(error).__name__}: {error}; "
            "please report it (DOUBLETALK_DEBUG=1 shows the details)"
        )
    tell(told)
    return code
