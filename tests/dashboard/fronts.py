"""Shop fronts as any visitor sees them: a page, and the feed that its platform shows to everybody."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tests.shops.base import Asked, Reply, Stage


class Front(Stage):
    """`pages`: path with query → what stands there: a text is a page, anything else is JSON, a Reply is itself."""

    kind: ClassVar[str] = "front"

    def __init__(self, **pages: Any) -> None:
        super().__init__()
        self.pages: dict[str, Any] = pages

    def reply(self, asked: Asked) -> Reply:
        route = asked.query.get("rest_route")
        found = self.pages.get(f"?{route}" if route else asked.path)
        if isinstance(found, Reply):
            return found
        if found is None:
            return Reply(404, body=b"<h1>Not found</h1>", headers={"Content-Type": "text/html"})
        if isinstance(found, str):
            return Reply(200, body=found.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
        return Reply(200, body=json.dumps(found).encode())


def woocommerce(*, plain: bool = False, things: list[dict[str, Any]] | None = None, head: str = "") -> Front:
    """A theme with its accent in the styles, a name full of entities, a logo in its header; prices in cents."""
    shop = Front()
    api = f"{shop.url}/?rest_route=/" if plain else f"{shop.url}/wp-json/"
    shop.pages["/"] = f"""<!DOCTYPE html><html lang="nl-NL"><head><title>Home &#8211; Theepot &amp; Zoon</title>
        <meta property="og:site_name" content="Theepot &amp; Zoon"><link rel="https://api.w.org/" href="{api}">
        <style>:root{{--wp--preset--color--accent: #b5472f; --other: 1px}}</style>{head}</head>
        <body class="woocommerce"><a href="/"><img class="custom-logo" src="/logo.png" alt="Theepot"></a></body>"""
    place = "?/wc/store/v1/products" if plain else "/wp-json/wc/store/v1/products"
    shop.pages[place] = [thing(number) for number in range(1, 8)] if things is None else things
    return shop


def thing(number: int, **fields: Any) -> dict[str, Any]:
    """A product of the Store API."""
    return {
        "id": number,
        "name": f"Kan nr. {number} &#8211; 1&nbsp;liter",
        "permalink": f"https://theepot.example/p/{number}",
        "is_in_stock": number != 2,
        "prices": {"price": f"{number}2495", "currency_code": "EUR", "currency_minor_unit": 2},
        "images": [{"src": f"https://theepot.example/{number}.jpg"}],
    } | fields


def shopify(*, head: str = "") -> Front:
    """A storefront of Shopify: prices as text, the currency in another place."""
    return Front(
        **{
            "/": f"""<html lang="en"><head><title>Boards | Buy</title><meta name="theme-color" content="#1a4f6e">{head}
            <script>Shopify.shop = "theepot.myshopify.com"; Shopify.currency = {{"active":"GBP","rate":"1.0"}};</script>
            </head><body><img src="https://cdn.shopify.com/s/files/1/logo.png" alt="Logo"></body></html>""",
            "/products.json": {
                "products": [
                    {
                        "title": f"Board {number}",
                        "handle": f"board-{number}",
                        "variants": [{"price": f"{number}9.50", "available": True}],
                        "images": [{"src": f"https://cdn.shopify.com/s/files/{number}.jpg?v=1"}],
                    }
                    for number in range(1, 8)
                ]
            },
            "/meta.json": {
                "name": "Boards of Delft",
                "currency": "GBP",
                "country": "GB",
                "myshopify_domain": "theepot.myshopify.com",
            },
        }
    )
