"""A phone that follows the links in a mail to our own pages and presses their buttons, at the story's moment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apps.core import clock
from tests.shopkeeping import run_queues

if TYPE_CHECKING:
    from django.test import Client

    from tests.shopkeeping import Mail, World


def days_pass(world: World, *days: int) -> None:
    """So many days on, and so many again: what came due meanwhile is done at each stop."""
    for some in days:
        world.at += timedelta(days=some)
        for hours in (0, 1):
            world.at += timedelta(hours=hours)
            run_queues(world.at)


def below(mail: Mail, label: str) -> str:
    """The address that stands under these words in the plain text."""
    lines = mail.text.replace("\r\n", "\n").split("\n")
    place = next(number for number, line in enumerate(lines) if label in line)
    return next(line.strip() for line in lines[place:] if line.strip().startswith("http"))


def path_of(url: str) -> str:
    return urlsplit(url).path


def leads_to(phone: Client, world: World, url: str) -> str:
    """Where a link of ours ends, its click counted on the way."""
    answer = looks(phone, world, path_of(url))
    assert answer.status_code == 302
    return str(answer["Location"])


def looks(phone: Client, world: World, path: str, *, method: str = "get") -> Any:
    with clock.travelled(world.at - clock.now()):
        return getattr(phone, method)(path)


def presses(phone: Client, world: World, path: str, **given: str) -> Any:
    with clock.travelled(world.at - clock.now()):
        return phone.post(path, given)
