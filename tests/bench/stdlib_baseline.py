"""The event as a line of stdlib logging with a JSON formatter, in a file."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path

from tests.bench.emit_story import BURST, FIELDS, MESSAGE


class JsonFormatter(logging.Formatter):
    """A line with the event's fields. The usual way: what came as ``extra`` is read from the record."""

    def format(self, record: logging.LogRecord) -> str:
        extra = vars(record)
        told = {
            "timestamp": record.created,
            "event_type": record.getMessage(),
            **{name: extra[name] for name in FIELDS},
            "data": extra["data"],
            "component_state": {},
            "id": f"{extra['source']}-{extra['number']}",
            "severity": record.levelname.lower(),
        }
        return json.dumps(told)


async def log_lines(path: Path, events: int) -> float:
    """Nanoseconds an event."""
    logger = logging.getLogger("doubletalk.bench")
    logger.propagate = False  # nobody else's handlers
    logger.setLevel(logging.INFO)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    began = time.process_time_ns()
    for burst in range(events // BURST):
        for number in range(BURST):
            data = {name: getattr(MESSAGE, name) for name in MESSAGE.__struct_fields__}
            extra = {**FIELDS, "data": data, "number": burst * BURST + number}
            logger.info("message_published", extra=extra)
        await asyncio.sleep(0)
    handler.flush()
    took = time.process_time_ns() - began
    logger.removeHandler(handler)
    handler.close()
    return took / events
