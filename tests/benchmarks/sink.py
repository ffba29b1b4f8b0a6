"""A mail server that takes everything at once and counts it: `python -m tests.benchmarks.sink`.

It says its port first. On each line it is told, it answers how many mails it took and how many of them went to
somebody who had one already, and begins to count anew.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

END = b"\r\n.\r\n"
HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10485760\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    taken: Counter[bytes] = Counter()

    def __init__(self) -> None:
        self.line: asyncio.Transport
        self.kept = bytearray()
        self.in_body = False
        self.to = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.line = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.kept += data
        said = []
        while (answer := self._body() if self.in_body else self._command()) is not None:
            said.append(answer)
        if said:
            self.line.write(b"".join(said))

    def _body(self) -> bytes | None:
        # Only the end of what came can hold the end of the mail, unless the next envelope came along.
        end = self.kept.find(END)
        if end < 0:
            return None
        del self.kept[: end + len(END)]
        self.in_body = False
        self.taken[self.to] += 1
        return b"250 2.0.0 taken\r\n"

    def _command(self) -> bytes | None:
        end = self.kept.find(b"\r\n")
        if end < 0:
            return None
        command = bytes(self.kept[:end])
        del self.kept[: end + 2]
        match command[:4].upper():
            case b"EHLO":
                return HELLO
            case b"RCPT":
                self.to = command[8:].strip()
            case b"DATA":
                self.in_body = True
                return b"354 go on\r\n"
            case b"QUIT":
                self.line.close()
                return b"221 2.0.0 bye\r\n"
        return b"250 2.0.0 fine\r\n"


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        taken = sum(Sink.taken.values())
        print(json.dumps({"taken": taken, "twice": taken - len(Sink.taken)}), flush=True)
        Sink.taken.clear()


if __name__ == "__main__":
    asyncio.run(serve())
