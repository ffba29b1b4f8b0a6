"""A mail server that writes down what it accepts, with fsync before it answers: `python -m tests.faults.ledger FOLDER`.

On request it misbehaves, at most once per mail: it cuts the connection after the final dot, with and without having
accepted; says 4xx or 5xx; hangs up in the middle of the body; or holds a mail in its hands without an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
RECIPIENT = re.compile(r"RCPT TO:<([^>]*)>", re.IGNORECASE)
ANSWERS = {
    "later": b"451 4.7.1 come back in a while\r\n",
    "no": b"554 5.7.1 not from you\r\n",
    "no_such_user": b"550 5.1.1 no such user\r\n",
    "closing": b"421 4.3.2 going away\r\n",
}
GREETING = b"250-ledger\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n"


class HungUp(Exception):
    """We end this connection without another word."""


@dataclass(slots=True)
class Manners:
    """How the server behaves: the share of each fault, and how long a mail takes."""

    odds: dict[str, float] = field(default_factory=dict)
    delay: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    spoilt: set[str] = field(default_factory=set)
    held: int = 0

    def fault(self, name: str) -> str:
        """The fault for this mail, '' for none; a mail that comes again is let in."""
        if not self.odds or name in self.spoilt:
            return ""
        drawn = self.chance.random()
        for fault, share in self.odds.items():
            drawn -= share
            if drawn < 0:
                self.spoilt.add(name)
                return fault
        return ""


class Ledger:
    """The book, and the two doors to it: one for mail, one for the test."""

    def __init__(self, folder: Path) -> None:
        self.book = os.open(folder / "ledger.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.faults = os.open(folder / "faults.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.manners = Manners()

    def accept(self, to: str, wire: bytes) -> None:
        """On disk before anybody is told."""
        known = {"id": _name(wire), "to": to, "sha": hashlib.sha256(wire).hexdigest(), "at": time.time()}
        os.write(self.book, json.dumps(known).encode() + b"\n")
        os.fsync(self.book)

    async def serve_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with a client."""
        with contextlib.suppress(HungUp, OSError, asyncio.IncompleteReadError):
            await self._converse(reader, writer)
        writer.transport.abort()

    async def serve_test(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One line in, how to behave from now on; one line out, how many mails are held."""
        while line := await reader.readline():
            told: dict[str, Any] = json.loads(line)
            if "odds" in told:
                chance = random.Random(told.get("seed", 1))
                self.manners = Manners(odds=told["odds"], delay=told.get("delay", 0.0), chance=chance)
            writer.write(json.dumps({"held": self.manners.held}).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ledger\r\n")
        to = ""
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            command = line[:4].upper()
            if command == "DATA":
                writer.write(b"354 go on\r\n")
                writer.write(await self._take(to, reader))
            elif command == "QUIT":
                return
            else:
                to = found[1] if (found := RECIPIENT.match(line)) else to
                writer.write(GREETING if command == "EHLO" else b"250 2.0.0 ok\r\n")
            await writer.drain()

    async def _take(self, to: str, reader: asyncio.StreamReader) -> bytes:
        """Read one body and say the deciding answer, unless it is time to misbehave."""
        head = await reader.readuntil(b"\r\n\r\n")
        fault = self.manners.fault(_name(head))
        if fault:
            os.write(self.faults, json.dumps({"id": _name(head), "to": to, "fault": fault}).encode() + b"\n")
        if fault == "drop_inside":
            await reader.read(512)
            raise HungUp
        # The server keeps the dots as they travel: the same bytes give the same sum.
        wire = head + await reader.readuntil(b"\r\n.\r\n")
        await asyncio.sleep(self.manners.delay)
        if fault in {"cut_accepted", "hold_accepted"}:
            self.accept(to, wire)
        if fault.startswith("hold"):
            self.manners.held += 1
            await reader.read(1)
        if fault.startswith(("cut", "hold")):
            raise HungUp
        if fault in ANSWERS:
            return ANSWERS[fault]
        self.accept(to, wire)
        return b"250 2.0.0 written down\r\n"


def _name(wire: bytes) -> str:
    found = MESSAGE_ID.search(wire)
    return found[1].decode("ascii", "replace") if found else ""


async def main(folder: Path) -> None:
    """Open both doors, say where they are, and stay."""
    ledger = Ledger(folder)
    mail = await asyncio.start_server(ledger.serve_mail, "127.0.0.1", 0, limit=1_000_000)
    test = await asyncio.start_server(ledger.serve_test, "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (mail, test)]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.gather(mail.serve_forever(), test.serve_forever())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
