"""The event as an OpenTelemetry span: current, with attributes alike, batched, exported to nowhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from tests.bench.emit_story import BURST, FIELDS, MESSAGE


class Nowhere(SpanExporter):
    """Takes spans and does nothing: neither encoding nor writing is counted."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


async def spans(_path: Path, events: int) -> float:
    """Nanoseconds an event."""
    provider = TracerProvider()
    # Room for all: a full queue drops spans, which would look like speed.
    provider.add_span_processor(BatchSpanProcessor(Nowhere(), max_queue_size=events + 1))
    tracer = provider.get_tracer("doubletalk.bench")
    with tracer.start_as_current_span("handler"):
        began = time.process_time_ns()
        for _ in range(events // BURST):
            for _ in range(BURST):
                data = {name: getattr(MESSAGE, name) for name in MESSAGE.__struct_fields__}
                with tracer.start_as_current_span("message_published", attributes={**FIELDS, **data}):
                    pass
            await asyncio.sleep(0)
        provider.force_flush()
        took = time.process_time_ns() - began
    provider.shutdown()
    return took / events
