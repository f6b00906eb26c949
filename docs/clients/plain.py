"""The least that reads a feed: one event per frame, and nothing said. As `wscat` does, with the stdlib alone.

python plain.py 127.0.0.1 8765 [EVENTS]; a token, where one is needed, is in DOUBLETALK_TOKEN.
"""

import base64
import os
import socket
import sys

host, port, most = sys.argv[1], int(sys.argv[2]), int((sys.argv[3:] or ["0"])[0])
token = os.environ.get("DOUBLETALK_TOKEN")
lines = [
    "GET /ws/events HTTP/1.1",
    f"Host: {host}:{port}",
    "Upgrade: websocket",
    "Connection: Upgrade",
    f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    "Sec-WebSocket-Version: 13",
    *([f"Authorization: Bearer {token}"] if token else []),
]
connection = socket.create_connection((host, port))
connection.sendall("\r\n".join([*lines, "", ""]).encode())
stream = connection.makefile("rb")
status = stream.readline().decode().strip()
if " 101 " not in status:
    sys.exit(f"refused: {status}")
while stream.readline() != b"\r\n":
    pass  # the headers of the answer

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
events = 0
while head := stream.read(2):
    size = head[1] & 127  # a server's frames are not masked
    if size > 125:
        size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
    content = stream.read(size)
    if head[0] == PING:  # a ping: answered, or the server takes us for gone
        mask = os.urandom(4)
        pong = bytes(byte ^ mask[at % 4] for at, byte in enumerate(content))
        connection.sendall(bytes([PONG, 0x80 | size]) + mask + pong)
    elif head[0] == TEXT:
        print(content.decode(), flush=True)
        events += 1
        if events == most:
            break
    elif head[0] == CLOSE:
        break
