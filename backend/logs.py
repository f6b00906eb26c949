"""The program's own log: coloured for people, JSON for machines, each line with its turn's correlation id."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loguru import logger

from backend.errors import UserError
from backend.tap import current_scope

if TYPE_CHECKING:
    from loguru import Record

LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
_FORMAT = (
    "<dim>{time:HH:mm:ss.SSS}</dim> <level>{level: <7}</level> "
    "<cyan>{extra[correlation_id]}</cyan> {message} <dim>{name}</dim>\n{exception}"
)


def _stamp(record: Record) -> None:
    scope = current_scope()
    record["extra"].setdefault("correlation_id", scope.correlation_id or "-")
    record["extra"].setdefault("session_id", scope.session_id or "-")


def configure(
    *, level: str = "INFO", file: Path | None = None, console: Literal["pretty", "json", "none"] = "pretty"
) -> None:
    """Send log lines of at least `level` to stderr, and as JSON lines to `file`.

    The file is rotated at 10 MB, five are kept.

    Raises:
        UserError: there is no such level, or the file cannot be written.
    """
    if level.upper() not in LEVELS:
        raise UserError(f"there is no log level {level!r}; choose one of {', '.join(LEVELS).lower()}")
    logger.remove()
    logger.configure(patcher=_stamp)
    if console == "pretty":
        logger.add(sys.stderr, level=level.upper(), format=lambda _: _FORMAT, backtrace=False, diagnose=False)
    elif console == "json":
        logger.add(sys.stderr, level=level.upper(), serialize=True, backtrace=False, diagnose=False)
    if file is not None:
        try:
            logger.add(
                file,
                level=level.upper(),
                serialize=True,
                rotation="10 MB",
                retention=5,
                backtrace=False,
                diagnose=False,
                enqueue=True,
            )
        except OSError as error:
            raise UserError(f"cannot write the log file {file}: {error.strerror or error}") from None
