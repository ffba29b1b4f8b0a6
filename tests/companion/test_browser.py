"""What leaves a shopper's browser: the plugin's own script on a pretended checkout, every request watched."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

import pytest

from tests.browser.conftest import CHROMIUM
from tests.companion.conftest import Story

pytestmark = pytest.mark.browser

ADDRESS = "ada.lovelace@shopper.example"
CLASSIC = """
<form><p class="form-row" id="billing_country_field"><select id="billing_country">
<option value="NL">NL</option><option value="IE">IE</option></select></p>
<p class="form-row" id="billing_email_field"><label>E-mail <input type="email" id="billing_email"></label></p>
<p class="form-row"><label><input type="checkbox" id="rcv_marketing_opt_in"> Mail mij</label></p>
<p><input id="other" aria-label="Other"></p></form>
"""
# What the block checkout draws by itself, later, and draws anew when something changes.
BLOCK = """
<div class="wp-block-woocommerce-checkout"><div id="root"></div></div><script>
function draw() { document.getElementById('root').innerHTML =
  '<div class="wc-block-components-text-input"><input type="email" id="email" aria-label="E-mail"></div>' +
  '<div><input type="checkbox" id="contact-rcv-marketing-opt-in" aria-label="Mail mij"></div><input id="other">'; }
setTimeout(draw, 30);
</script>
"""


@dataclass
class Checkout:
    """One visit of the checkout page, and all that left it."""

    page: Any
    server: str
    asked: list[dict[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """From here on nothing leaves unseen, and no error stays unheard."""
        for event, heard in self._ears:
            self.page.on(event, heard)

    def leave(self) -> None:
        """The visit is over, and the next shopper at this browser is another one."""
        self.page.goto("about:blank")
        for event, heard in self._ears:
            self.page.remove_listener(event, heard)
        self.page.context.clear_cookies()

    @property
    def _ears(self) -> tuple[tuple[str, Callable[[Any], None]], ...]:
        return ("request", self._request), ("pageerror", self._error), ("console", self._line)

    def _error(self, error: Any) -> None:
        self.errors.append(str(error))

    def _line(self, line: Any) -> None:
        if line.type == "error":
            self.errors.append(line.text)

    def _request(self, request: Any) -> None:
        self.left.append(f"{request.url} {json.dumps(request.headers)} {request.post_data or ''}")
        if request.method == "POST":
            self.asked.append(dict(urllib.parse.parse_qsl(request.post_data or "")))

    def types(self, address: str = ADDRESS) -> None:
        self.page.fill("#billing_email", address)
        self.page.focus("#other")
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_timeout(80)

    def closes(self) -> None:
        """Another page: what is sent on leaving has been sent when it stands."""
        self.page.goto(f"{self.server}/elsewhere")
        self.settle()
        assert self.errors == []

    @property
    def told(self) -> list[str]:
        """The addresses that left, one per request."""
        return [one["email"] for one in self.asked if "email" in one]

    def leaked(self) -> bool:
        """Whether one byte of the address was anywhere in what left."""
        text = urllib.parse.unquote_plus(" ".join([*self.left, *Shop.heard])).lower()
        return any(part in text for part in ("ada", "lovelace", "shopper"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One page of one Chromium for all these visits; each begins without cookies."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no checkout to watch")
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: no checkout to watch (set CHROMIUM to its path)")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(viewport={"width": 900, "height": 700}).new_page()
        browser.close()


class Shop(http.server.BaseHTTPRequestHandler):
    """The shop's server: the pages it is given, and an ear for what is posted."""

    pages: ClassVar[dict[str, str]] = {}
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        body = self.pages.get(self.path, "<p>elsewhere</p>").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.heard.append(f"{self.path} {self.rfile.read(int(self.headers.get('Content-Length', 0))).decode()}")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Nothing: a failing test says enough."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The shop's address."""
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()


@pytest.fixture(scope="module")
def script(lives: Story) -> Callable[[str, str], str]:
    """What the plugin puts on the checkout of a shop in this mode and country."""

    @cache
    def printed(mode: str, base: str) -> str:
        return str(lives(mode=mode, base=base)["script"])

    return printed


@pytest.fixture
def visit(chromium: Any, script: Callable[[str, str], str], server: str) -> Iterator[Callable[..., Checkout]]:
    """Opens the checkout of a shop in this country and mode."""
    visits = []
    Shop.heard.clear()

    def open_page(mode: str, base: str, *, form: str = CLASSIC, below: bool = False, before: str = "") -> Checkout:
        space = '<div style="height:3000px"></div>' if below else ""
        page = f"<body>{space}{form}<script>{before}</script><script>{script(mode, base)}</script>"
        Shop.pages["/checkout/"] = f"<!doctype html><meta charset=utf-8>{page}"
        checkout = Checkout(chromium, server)
        visits.append(checkout)
        checkout.watch()
        checkout.page.goto(f"{server}/checkout/")
        if form == CLASSIC:
            checkout.page.select_option("#billing_country", base)
        checkout.settle()
        return checkout

    yield open_page
    for checkout in visits:
        checkout.leave()


@pytest.mark.parametrize("mode", ["consent", "notice"])
def test_in_nl_not_one_byte_of_the_address_leaves_without_the_tick(visit: Any, mode: str) -> None:
    checkout = visit(mode, "NL")

    checkout.types()
    checkout.closes()

    assert checkout.asked == []
    assert not checkout.leaked()


def test_in_nl_it_leaves_once_when_the_box_is_ticked(visit: Any) -> None:
    checkout = visit("notice", "NL")

    checkout.types()
    checkout.page.check("#rcv_marketing_opt_in")
    checkout.types()
    checkout.closes()

    assert checkout.told == [ADDRESS]
    assert checkout.asked[0]["consent"] == "1"
    assert checkout.asked[0]["checkout"] == "classic"


def test_elsewhere_it_leaves_once_the_notice_was_on_screen(visit: Any) -> None:
    checkout = visit("notice", "IE")

    checkout.types()
    checkout.closes()

    assert checkout.told == [ADDRESS]
    assert (checkout.asked[0]["seen"], "consent" in checkout.asked[0]) == ("1", False)


def test_elsewhere_it_stays_while_the_notice_is_out_of_sight(visit: Any) -> None:
    checkout = visit("notice", "IE", below=True)

    checkout.page.evaluate(
        "address => { const field = document.getElementById('billing_email'); field.value = address;"
        " field.dispatchEvent(new Event('change', { bubbles: true })); }",
        ADDRESS,
    )
    checkout.settle()
    assert not checkout.leaked()

    checkout.page.locator(".rcv-notice").scroll_into_view_if_needed()
    checkout.settle()
    assert checkout.told == [ADDRESS]
    checkout.closes()


def test_no_thanks_keeps_everything_here_for_good(visit: Any) -> None:
    checkout = visit("notice", "IE")

    checkout.page.click(".rcv-no")
    checkout.types()
    assert checkout.asked == []
    assert "rcv_no=1" in checkout.page.evaluate("document.cookie")
    checkout.page.reload()
    checkout.types()
    checkout.closes()

    assert checkout.asked == []
    assert not checkout.leaked()


def test_no_thanks_after_it_was_told_is_told_too_without_the_address(visit: Any) -> None:
    checkout = visit("notice", "IE")

    checkout.types()
    checkout.page.click(".rcv-no")
    checkout.settle()

    assert checkout.asked[1:] == [{"no": "1", "checkout": "classic"}]
    checkout.closes()


def test_a_shopper_who_moves_to_nl_is_asked_for_the_tick(visit: Any) -> None:
    checkout = visit("notice", "IE")
    checkout.page.select_option("#billing_country", "NL")

    checkout.types()
    checkout.closes()

    assert not checkout.told


def test_an_unticked_box_is_told_and_the_address_stays(visit: Any) -> None:
    checkout = visit("notice", "IE")

    checkout.page.check("#rcv_marketing_opt_in")
    checkout.types()
    checkout.page.uncheck("#rcv_marketing_opt_in")
    checkout.types("ada.second@shopper.example")
    checkout.closes()

    assert checkout.told == [ADDRESS]
    assert checkout.asked[-1]["consent"] == "0"


def test_the_block_checkouts_page_says_what_is_allowed_and_never_the_address(visit: Any) -> None:
    checkout = visit("notice", "NL", form=BLOCK)
    checkout.page.fill("#email", ADDRESS)
    checkout.page.focus("#other")
    checkout.settle()
    assert checkout.asked == []
    assert checkout.page.locator(".rcv-notice").count() == 1

    checkout.page.check("#contact-rcv-marketing-opt-in")
    checkout.settle()

    assert [(one["consent"], one["checkout"]) for one in checkout.asked] == [("1", "block")]
    checkout.page.evaluate("draw()")
    checkout.settle()
    assert checkout.page.locator(".rcv-notice").count() == 1, "a page that is drawn anew keeps its notice"
    checkout.closes()
    assert not checkout.leaked()


def test_the_sites_consent_tool_is_asked_in_the_browser_too(visit: Any) -> None:
    checkout = visit("notice", "IE", before="window.wp_has_consent = () => false;")

    checkout.types()
    checkout.closes()

    assert not checkout.leaked()


def test_nothing_but_a_whole_address_is_told(visit: Any) -> None:
    checkout = visit("consent", "NL")
    checkout.page.check("#rcv_marketing_opt_in")

    for typed in ("ada", "ada@", "ada@shopper", "@shopper.example", "a b@shopper.example"):
        checkout.types(typed)
    checkout.closes()

    assert not checkout.told
