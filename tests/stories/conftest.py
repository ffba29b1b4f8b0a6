"""Shops of both platforms, a mail server, and a phone that follows links. Imported late: Django comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.shopkeeping import World
    from tests.stories.receiver import Receiver
    from tests.stories.telling import Story

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Receiver]:
    from tests.stories.receiver import Receiver, listening

    with listening(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def receiver(mail_server: Receiver) -> Receiver:
    mail_server.mails.clear()
    return mail_server


@pytest.fixture
def opens(db: None, world: World, receiver: Receiver) -> Callable[..., Story]:
    """Open a shop that sends by the mail server; its flow is on."""

    def opened(platform: str, **fields: Any) -> Story:
        from tests.shopkeeping import Shop, open_store
        from tests.stories.telling import Story

        shop = Shop(open_store(platform, **fields), world)
        shop.sends_by(receiver.url)
        shop.switches_on()
        return Story(shop, receiver)

    return opened


@pytest.fixture(params=["woocommerce", "shopify"])
def story(request: pytest.FixtureRequest, opens: Callable[..., Story]) -> Story:
    """One shop of each platform."""
    return opens(request.param)


@pytest.fixture
def woo(opens: Callable[..., Story]) -> Story:
    return opens("woocommerce")


@pytest.fixture
def shopify(opens: Callable[..., Story]) -> Story:
    return opens("shopify")


@pytest.fixture
def phone() -> Client:
    """Somebody's phone: a real browser, no cookie, nobody logged in."""
    from django.test import Client

    return Client(headers={"user-agent": PHONE}, enforce_csrf_checks=True)
