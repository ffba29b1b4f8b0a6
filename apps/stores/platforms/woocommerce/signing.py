"""OAuth 1.0a, with which WooCommerce is asked where it does not believe in https (woocommerce.md 2.1)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from woocommerce.oauth import OAuth


class Signed(OAuth):  # type: ignore[misc]  # the library brings no types
    """OAuth 1.0a as WooCommerce checks it; the library leaves slashes as they are, and PHP does not."""

    def get_oauth_url(self) -> str:
        # Before 11.1 WooCommerce looks for these letters in the address before it looks at keys at all.
        return str(super().get_oauth_url()).replace("%2F", "/")

    def generate_oauth_signature(self, params: Any, url: str) -> str:
        bare = url[:-1] if urlsplit(url).path == "/" else url
        return str(super().generate_oauth_signature(params, bare))

    @staticmethod
    def normalize_parameters(params: Mapping[str, Any]) -> dict[str, str]:
        def twice(word: Any) -> str:
            return quote(quote(str(word), safe=""), safe="")

        return {twice(name): twice(value) for name, value in params.items()}

    @staticmethod
    def generate_nonce() -> str:
        # The library draws eight digits: among many questions in fifteen minutes two would be alike.
        return secrets.token_hex(16)
