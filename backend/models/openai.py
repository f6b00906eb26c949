"""Any server that speaks OpenAI's chat completions: Ollama, llama-server, vLLM, or OpenAI itself."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from backend.models.chat_wire import ReplyReader, quoted, request_body, status_error
from backend.models.protocol import (
    ChatMessage,
    ModelError,
    ModelProtocolError,
    ModelTimeoutError,
    ModelUnavailableError,
    Part,
    ToolSpec,
)
from backend.models.sse import SseError, SseParser

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 5.0
_ERROR_BYTES = 16_384
_EVENT_STREAM = "text/event-stream"


class OpenAICompatibleModel:
    """A model behind ``{base_url}/chat/completions``.

    `base_url` may end in ``/v1`` or not. `timeout` is the longest wait, in seconds, for the next
    part of an answer, the first included; keep-alives do not count as parts.

    Raises ModelError at once where the address or the key cannot be one.
    """

    def __init__(
        self, base_url: str, model: str, *, api_key: str | None = None, timeout: float = 60.0
    ) -> None:
        self._url, self._host = _endpoint(base_url)
        self._model = model
        self._timeout = timeout
        self._headers = {"Accept": _EVENT_STREAM, "Content-Type": "application/json"}
        if api_key:
            if not (api_key.isascii() and api_key.isprintable()):
                raise ModelError("the API key has characters that no key has", "copy it again")
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._client: httpx.AsyncClient | None = None
        self._trouble = ""

    @property
    def name(self) -> str:
        """The model's name at its server."""
        return self._model

    @property
    def gives_up(self) -> str:
        """On what, and after how long."""
        return f"the next part of {self._model}'s answer ({self._timeout:g} s)"

    @property
    def trouble(self) -> str:
        """How the last request failed, if it did."""
        return self._trouble

    async def start(self) -> None:
        """Prepare to connect. Nobody is asked yet: a server that is down is found out by `stream`."""
        if self._client is None:
            self._client = _client(self._headers, self._host)

    async def close(self) -> None:
        """Close every connection. A second call does nothing."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        tools: Sequence[ToolSpec] = (),
        max_tokens: int = 256,
        temperature: float = 0.7,
        extra: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Part]:
        """Answer. `extra` are further fields of the request, as this server understands them.

        Leaving early closes the connection, on which these servers stop generating.
        """
        if self._client is None:
            raise ModelUnavailableError(f"the model {self._model} is not started", "await start() first")
        body = request_body(self._model, messages, tools, max_tokens, temperature) | dict(extra or {})
        reader = ReplyReader(self._host)
        try:
            async with aclosing(self._events(self._client, body)) as events:
                async for data in events:
                    self._trouble = ""
                    for part in reader.read(data):
                        yield part
                    if reader.done:
                        return
            for part in reader.end():
                yield part
        except ModelError as error:
            self._trouble = str(error)
            raise

    async def _events(self, client: httpx.AsyncClient, body: dict[str, Any]) -> AsyncGenerator[str]:
        """The data of each event of the answer; every failure of the connection as a ModelError."""
        import httpx  # noqa: PLC0415 - loaded by start() already

        try:
            # Escaped to ASCII: half a surrogate pair in somebody's text is the server's to refuse.
            request = client.build_request("POST", self._url, content=json.dumps(body).encode())
            async with asyncio.timeout(self._timeout):
                response = await client.send(request, stream=True)
            try:
                if response.status_code != httpx.codes.OK:
                    raise status_error(self._host, response.status_code, await self._beginning(response))
                kind = response.headers.get("content-type", "")
                if not kind.startswith(_EVENT_STREAM):
                    said = quoted((await self._beginning(response)).decode("utf-8", "replace"))
                    raise ModelProtocolError(
                        f"{self._host} answered with {quoted(kind) or 'no type'}, not a stream: {said}",
                        "check the address",
                    )
                async for data in self._parse(response):
                    yield data
            finally:
                await response.aclose()
        except TimeoutError:
            raise ModelTimeoutError(
                f"{self._host} sent nothing for {self._timeout:g} s", "try again, or allow it more time"
            ) from None
        except httpx.ConnectTimeout:
            raise ModelTimeoutError(
                f"{self._host} does not accept a connection within {_CONNECT_SECONDS:g} s",
                "check that the address can be reached",
            ) from None
        except httpx.ConnectError as error:
            raise ModelUnavailableError(
                f"nobody answers at {self._host} ({quoted(str(error)) or 'no connection'})",
                "start the model's server, or check the address",
            ) from None
        except httpx.InvalidURL as error:
            raise ModelUnavailableError(
                f"{self._host} is no address: {quoted(str(error))}", "check the address"
            ) from None
        except httpx.RequestError as error:
            reason = quoted(str(error)) or type(error).__name__
            raise ModelProtocolError(f"the connection to {self._host} broke: {reason}", "try again") from None

    async def _parse(self, response: httpx.Response) -> AsyncIterator[str]:
        parser = SseParser()
        chunks = response.aiter_bytes()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        while True:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            try:
                events = parser.feed(chunk)
            except SseError as error:
                raise ModelProtocolError(f"{self._host}: {error}", "check the address") from None
            for data in events:
                yield data
            if events:
                deadline = loop.time() + self._timeout

    async def _beginning(self, response: httpx.Response) -> bytes:
        """Enough of an error's body to quote; its sender may be slow or endless."""
        body = b""
        async with asyncio.timeout(self._timeout):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= _ERROR_BYTES:
                    break
        return body


def _client(headers: dict[str, str], host: str) -> httpx.AsyncClient:
    try:
        import httpx  # noqa: PLC0415 - heavy, and only for models over HTTP
    except ImportError:
        raise ModelUnavailableError("httpx is not installed", "pip install 'doubletalk[backend]'") from None
    return httpx.AsyncClient(
        headers=headers,
        # How long an answer may take is our own affair: see `_parse`.
        timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
        # A proxy of the environment cannot reach this machine's own loopback.
        trust_env=not _is_loopback(host),
        # A pooled connection may have been closed by a server that was restarted meanwhile.
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def _endpoint(base_url: str) -> tuple[str, str]:
    """The address of the chat completions, and how to name the server in an error."""
    fix = "write it like http://127.0.0.1:11434/v1"
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError as error:
        raise ModelError(f"{base_url!r} is no address: {error}", fix) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ModelError(f"{base_url!r} is no http address", fix)
    if parts.username is not None:
        raise ModelError("the address holds a user name or password", "give the API key instead")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    if not path.endswith("/v1"):
        path += "/v1"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = f"{host}:{port}" if port else host
    return f"{parts.scheme}://{authority}{path}/chat/completions", authority


def _is_loopback(authority: str) -> bool:
    host = urlsplit(f"//{authority}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
