"""A reader of a feed that loses nothing, with `websockets` alone.

python resume.py ws://127.0.0.1:8765/ws/events; a token, where one is needed, is in DOUBLETALK_TOKEN.
It prints each event once, connects again for ever, and says what is lost.
"""

import asyncio
import json
import os
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


class Reader:
    """Knows of each source the last seq that was seen, or is lost."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.known: dict[str, int] = {}

    def subscribe(self) -> str:
        """Everything that is new to us, of each source; in the beginning that is all of the history."""
        return json.dumps({"type": "subscribe", "batch": True, "since": self.known})

    async def connection(self) -> None:
        """Read one connection to its end."""
        async with connect(self.url, additional_headers=self.headers, max_size=None, proxy=None) as feed:
            await feed.send(self.subscribe())
            async for message in feed:
                frame = json.loads(message)
                if frame["type"] == "gap":
                    self.lost(frame["source"], frame["from_seq"], frame["to_seq"])
                for event in frame["events"] if frame["type"] == "events" else []:
                    self.event(event)

    def lost(self, source: str, first: int, last: int) -> None:
        """The server says what it keeps no longer."""
        print(f"lost: {source} {first} to {last}", file=sys.stderr)
        self.known[source] = last

    def event(self, event: dict) -> None:
        """One event; a server that knows nothing of us repeats what we had."""
        source, seq = event["source"], event["seq"]
        if seq > self.known.get(source, 0):
            self.known[source] = seq
            print(json.dumps(event), flush=True)


async def main() -> None:
    """Read for ever."""
    reader = Reader(sys.argv[1], os.environ.get("DOUBLETALK_TOKEN"))
    while True:
        try:
            await reader.connection()
        except InvalidStatus as refused:
            sys.exit(f"refused: {refused}")
        except (OSError, ConnectionClosed):
            await asyncio.sleep(0.2)


asyncio.run(main())
