"""A name server on loopback that knows the domains it is told of, and counts what it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

Record = str | Sequence[bytes]
"""A text, or the strings that make one."""
SHOP = "molenzicht.example"
SPF = "v=spf1 include:spf.provider.example ~all"
DMARC = "v=DMARC1; p=quarantine; rua=mailto:dmarc@molenzicht.example"
KEY = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEB"
GOOD: dict[str, list[Any]] = {SHOP: [SPF], f"_dmarc.{SHOP}": [DMARC]}


@dataclass
class NameServer:
    """`zone` holds the TXT records of each name; a name in `silent` is never answered, one in `broken` badly.

    It names the servers of the root, as any that stands on the internet.
    """

    zone: dict[str, list[Record]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    line: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    @property
    def address(self) -> list[dns.nameserver.Nameserver]:
        return [dns.nameserver.Do53Nameserver(*self.line.getsockname())]

    def serve(self) -> None:
        while True:
            data, caller = self.line.recvfrom(4096)
            if not data:
                return
            answer = self._answer(dns.message.from_wire(data))
            if answer is not None:
                self.line.sendto(answer, caller)

    def _answer(self, query: dns.message.Message) -> bytes | None:
        name = query.question[0].name
        host = name.to_text(omit_final_dot=True).lower()
        self.asked.append(host)
        if host in self.silent or "*" in self.silent:
            return None
        said = dns.message.make_response(query)
        how = self.broken.get(host, "")
        if how == "nonsense":
            return b"\x00" * 7
        if how == "truncated":
            said.flags |= dns.flags.TC
        elif how:
            said.set_rcode(dns.rcode.from_text(how))
        elif host == ".":
            said.answer.append(dns.rrset.from_text(name, 60, "IN", "NS", "a.root-servers.example."))
        elif host in self.zone:
            said.answer.append(_rrset(name, self.zone[host]))
        elif not any(known.endswith(f".{host}") for known in self.zone):
            said.set_rcode(dns.rcode.NXDOMAIN)
        return said.to_wire()


def _rrset(name: dns.name.Name, records: list[Record]) -> dns.rrset.RRset:
    texts = [
        [one[at : at + 255].encode() for at in range(0, len(one), 255)] if isinstance(one, str) else one
        for one in records
    ]
    of = (dns.rdataclass.IN, dns.rdatatype.TXT)
    return dns.rrset.from_rdata_list(name, 60, [TXT(*of, strings) for strings in texts])


@contextmanager
def serving() -> Iterator[NameServer]:
    server = NameServer()
    with server.line:
        server.line.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield server
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", server.line.getsockname())
        thread.join(5)
