"""Mail servers on loopback: aiosmtpd for what goes well, and one of ours that misbehaves on demand."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

from aiosmtpd.controller import Controller


@dataclass
class Taken:
    """One mail a server said yes to."""

    sender: str
    to: list[str]
    wire: bytes


@dataclass
class Good:
    """A real SMTP server that takes everything."""

    taken: list[Taken] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        self.taken.append(Taken(envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 2.0.0 taken"

    def __enter__(self) -> Self:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=20)
        self.controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


CUT = "cut"
"""Instead of an answer: hang up."""


class Moody:
    """A server that follows a script: step → answers, one per turn; the last one stays.

    Steps: CONNECT, EHLO, AUTH, MAIL, RCPT, DATA, BODY. What is not in the script goes well.
    """

    def __init__(self, *, pipelining: bool = True, **script: list[str]) -> None:
        self.script = {step: list(answers) for step, answers in script.items()}
        self.pipelining = pipelining
        self.taken: list[Taken] = []
        self.bodies: list[bytes] = []
        """All that were sent in full, taken or not."""
        self.turns: dict[str, int] = defaultdict(int)

    def answer(self, step: str, good: str) -> str:
        self.turns[step] += 1
        script = self.script.get(step)
        if not script:
            return good
        found = script[0] if len(script) == 1 else script.pop(0)
        return good if found == "ok" else found

    def __enter__(self) -> Self:
        mood = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                Conversation(mood, self).hold()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server.server_address[1]}"


class Conversation:
    def __init__(self, mood: Moody, line: socketserver.StreamRequestHandler) -> None:
        self.mood, self.line = mood, line
        self.sender, self.to, self.open = "", [], True

    def says(self, step: str, good: str) -> bool:
        """Whether all is well; a cut ends the conversation."""
        answer = self.mood.answer(step, good)
        if answer == CUT:
            self.open = False
            return False
        self.line.wfile.write(answer.encode() + b"\r\n")
        if answer.startswith("421"):
            self.open = False
        return answer[0] in "23"

    def hold(self) -> None:
        try:
            self.says("CONNECT", "220 moody")
            while self.open and (said := self.line.rfile.readline()):
                self.hear(said.decode().strip())
        except OSError:
            return

    def hear(self, said: str) -> None:
        verb = said.replace(":", " ").split(" ", maxsplit=1)[0].upper()
        known = {"EHLO": self.greeted, "MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data, "RSET": self.rset}
        if verb in known:
            known[verb](said)
        else:
            self.says(verb, "235 2.7.0 ok" if verb == "AUTH" else "250 2.0.0 ok")

    def greeted(self, _said: str) -> None:
        extra = "250-PIPELINING\r\n" if self.mood.pipelining else ""
        self.says("EHLO", f"250-moody\r\n{extra}250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES")

    def mail(self, said: str) -> None:
        if self.sender:
            self.line.wfile.write(b"503 5.5.1 nested MAIL\r\n")
        elif self.says("MAIL", "250 2.1.0 ok"):
            self.sender = said

    def rcpt(self, said: str) -> None:
        if not self.sender:
            self.line.wfile.write(b"503 5.5.1 no MAIL\r\n")
        elif self.says("RCPT", "250 2.1.5 ok"):
            self.to.append(said.partition("<")[2].rstrip(">"))

    def rset(self, _said: str) -> None:
        self.forget()
        self.line.wfile.write(b"250 2.0.0 ok\r\n")

    def data(self, _said: str) -> None:
        if not self.to:
            self.line.wfile.write(b"554 5.5.1 no valid recipients\r\n")
            return
        if not self.says("DATA", "354 go on"):
            return
        lines = []
        while (line := self.line.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        wire = b"".join(lines)
        self.mood.bodies.append(wire)
        if self.says("BODY", "250 2.0.0 taken"):
            self.mood.taken.append(Taken(self.sender, self.to, wire))
        self.forget()

    def forget(self) -> None:
        self.sender, self.to = "", []
