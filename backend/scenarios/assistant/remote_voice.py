"""A voice behind a connection: a small server of speech, and its client, over simulated streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self

from backend.simulation import duplex
from backend.speech import Pcm, SpeechError, VoiceSettings
from backend.speech.scripted import RATE, ScriptedVoice

_SIZE_BYTES: Final = 4
_THINNED: Final = 12
"""Only every twelfth sample goes over the line: this is about when it comes, and not about what."""


class RemoteVoice:
    """Speech from a server. Each text is a connection of its own, over which all pieces take their time.

    ``low`` and ``high`` are what each piece takes on its way, ``patience`` how long the client waits for one;
    all in seconds. Use it as an async context manager, so that the server ends.
    """

    def __init__(self, server: ScriptedVoice, low: float, high: float, *, patience: float) -> None:
        self._server = server
        self._times = (low, high)
        self._patience = patience
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return RATE

    async def start(self) -> None:
        """Nothing: a connection is made for each text."""

    async def close(self) -> None:
        """End what is still being served."""
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    def voices(self) -> tuple[str, ...]:
        """The server's."""
        return self._server.voices()

    async def synthesize(self, text: str, voice: VoiceSettings) -> AsyncIterator[Pcm]:
        """Ask for the text, and read its pieces as they come.

        Raises:
            SpeechError: none came for too long, or the connection ended in the middle of one.
        """
        (reader, writer), (far_reader, far_writer) = duplex(*self._times)
        task = asyncio.create_task(self._serve(far_reader, far_writer, voice), name="voice server")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            writer.write(f"{text}\n".encode())
            while True:
                async with asyncio.timeout(self._patience):
                    size = int.from_bytes(await reader.readexactly(_SIZE_BYTES))
                    content = await reader.readexactly(size)
                if not content:
                    return
                yield Pcm.from_int16_bytes(content * _THINNED, RATE)
        except TimeoutError:
            raise SpeechError("the voice server does not answer", "try again later") from None
        except asyncio.IncompleteReadError:
            raise SpeechError("the voice server broke off", "try again later") from None
        finally:
            writer.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, voice: VoiceSettings
    ) -> None:
        text = (await reader.readline()).decode()
        async for piece in self._server.synthesize(text, voice):
            if reader.at_eof():
                break
            content = Pcm(piece.samples[::_THINNED], RATE).to_int16_bytes()
            writer.write(len(content).to_bytes(_SIZE_BYTES) + content)
            await writer.drain()
        else:
            writer.write(bytes(_SIZE_BYTES))
        writer.close()
