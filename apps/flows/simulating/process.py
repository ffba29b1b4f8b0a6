"""Where a process that replays a part begins: before Django, so that nothing of ours is imported here."""

from __future__ import annotations

from multiprocessing.connection import Connection


def work(line: Connection, told: bytes) -> None:
    """Set up, replay the part, and say on the line how far it is and in the end what was found."""
    import django  # noqa: PLC0415  nothing is set up in a new process

    django.setup()
    from apps.flows.simulating.sharing import answer  # noqa: PLC0415

    answer(line, told)
