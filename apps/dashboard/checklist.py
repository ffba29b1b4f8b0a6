"""What a shop needs before its mail can work: each line turns green by itself, and an open one has one button."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core import db
from apps.dashboard.domain_words import judged, unheard
from apps.dashboard.liaison import HOOK_TROUBLES, KEY_TROUBLES, OWN_MAIL, Liaison, liaison, platform_name
from apps.dashboard.models import Attestation, SenderDomain
from apps.dashboard.sender_domains import domain_of
from apps.flows.models import Flow
from apps.stores.models import Notice, Store
from apps.stores.troubles import Trouble

State = Literal["done", "open", "bad"]
PLUGINS: Final = ("woocommerce",)
"""Platforms whose baskets a plugin of ours tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """The one thing to press. With `sends` it is a POST that says so; else a link."""

    label: str
    url: str
    sends: tuple[tuple[str, str], ...] = ()
    posts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line."""

    name: str
    state: State
    said: str
    mend: str = ""
    button: Button | None = None

    @property
    def done(self) -> bool:
        return self.state == "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """All lines of one shop."""

    items: tuple[Item, ...]

    @property
    def done(self) -> int:
        return sum(item.done for item in self.items)

    @property
    def count(self) -> int:
        return len(self.items)

    @property
    def complete(self) -> bool:
        return self.done == len(self.items)

    @property
    def share(self) -> int:
        return round(100 * self.done / max(len(self.items), 1))

    @property
    def next(self) -> Item | None:
        """What is wrong comes before what is still to do."""
        return next((i for i in self.items if i.state == "bad"), next((i for i in self.items if not i.done), None))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    """What the lines look at, asked once."""

    store: Store
    known: Liaison
    attested: dict[str, Attestation]
    at: datetime

    def page(self, name: str) -> str:
        return reverse(f"dashboard:{name}", args=[self.store.pk])

    @property
    def settings_page(self) -> str:
        return reverse("admin:stores_store_change", args=[self.store.pk])

    def check_again(self) -> Button:
        return Button(label=_("Check again"), url=self.page("store-audit"), posts=True)

    def connect(self) -> Button:
        return Button(label=_("Connect"), url=self.page("store-connect"))


def checklist(store: Store, at: datetime) -> Checklist:
    """Every line of this shop, as it is at this moment."""
    attested = {row.subject: row for row in Attestation.objects.of(store).select_related("user")}
    shop = _Shop(store=store, known=liaison(store), attested=attested, at=at)
    return Checklist(items=tuple(item for ask in _ASKED for item in ask(shop)))


def _item(
    name: str, done: object, said: str, mend: str = "", button: Button | None = None, *, bad: bool = False
) -> Item:
    if done:
        return Item(name=name, state="done", said=said)
    return Item(name=name, state="bad" if bad else "open", said=said, mend=mend, button=button)


def _reached(shop: _Shop) -> Iterator[Item]:
    """Address and keys: two lines, because the mends differ."""
    known = shop.known
    if not known.can_connect:
        return
    trouble, keys = known.trouble, known.in_trouble(KEY_TROUBLES)
    answered = known.connection is not None and known.connection.answered_at is not None
    away = trouble is not None and not keys
    yield _item(
        "address", answered and not away, _("The shop answers at its address"),
        f"{trouble.said} {trouble.mend}" if away and trouble else _("We have not asked it anything yet."),
        shop.check_again() if known.has_keys else shop.connect(), bad=away,
    )  # fmt: skip
    yield _item(
        "keys", known.connected and not keys, _("The shop accepts our keys"),
        f"{trouble.said} {trouble.mend}"
        if keys and trouble
        else _("Approve the connection in the shop, or paste its keys."),
        shop.connect(), bad=keys,
    )  # fmt: skip


def _hooks(shop: _Shop) -> Iterator[Item]:
    known = shop.known
    found = known.found(HOOK_TROUBLES)
    if known.can_connect:
        mend = f"{found[0].said} {found[0].mend}" if found else _("They are made as soon as the shop is connected.")
        yield _item(
            "hooks", known.connected and known.hooks_healthy and not found,
            _("Our webhooks stand in the shop and are well"), mend,
            shop.check_again() if known.connected else shop.connect(), bad=bool(found),
        )  # fmt: skip
    mend = _("It comes with the first order, product or customer that changes: save any product in the shop.")
    if not known.can_connect:
        mend = _("Give the webhook address and the secret to whoever builds the shop.")
    door = Button(label=_("Webhook address"), url=f"{shop.settings_page}#door")
    yield _item("delivery", shop.store.last_delivery_at, _("A first message of the shop arrived"), mend, door)


def _companion(shop: _Shop) -> Iterator[Item]:
    if shop.store.platform not in PLUGINS:
        return
    active = shop.known.report.companion or shop.store.companion_seen_at
    found = shop.known.found(frozenset({Trouble.COMPANION_OLD, Trouble.COMPANION_SILENT}))
    mend = _("Download the plugin, and upload it in WordPress under Plugins, Add New. It is set up already.")
    yield _item(
        "companion", active and not found, _("The plugin in the shop is active, so baskets are seen"),
        f"{found[0].said} {found[0].mend}" if found else mend,
        Button(label=_("Download the plugin"), url=shop.page("companion-download")), bad=bool(found),
    )  # fmt: skip


def _protected(shop: _Shop) -> Iterator[Item]:
    if shop.store.platform != "shopify":
        return
    found = shop.known.found(frozenset({Trouble.PROTECTED_DATA}))
    mend = f"{found[0].said} {found[0].mend}" if found else _("We see it as soon as the shop is connected.")
    yield _item(
        "protected", shop.known.connected and not found,
        _("The app may see names and addresses (protected customer data)"), mend,
        shop.check_again() if shop.known.connected else shop.connect(), bad=bool(found),
    )  # fmt: skip


def _feed(shop: _Shop) -> Iterator[Item]:
    if not shop.known.can_connect:
        return
    mend = _(
        "Without it an order whose webhook is lost cannot stop a mail. It comes by itself once the shop is connected."
    )
    yield _item(
        "feed", shop.known.feed_is_fresh(shop.at), _("Orders are asked for as well, not only waited for"), mend,
        shop.check_again() if shop.known.connected else shop.connect(),
        bad=shop.known.connected and shop.known.feed_age(shop.at) is not None,
    )  # fmt: skip


def _own_mail(shop: _Shop) -> Iterator[Item]:
    """The platform's own basket mail: seen by the check, or said by somebody after looking (shopify.md 5)."""
    known, said = shop.known, shop.attested.get(Attestation.Subject.OWN_MAIL_OFF)
    found = known.found(OWN_MAIL)
    sure = [one for one in known.report.findings if one.trouble is Trouble.OWN_RECOVERY_MAIL and not one.mended]
    checked = known.connection.audited_at if known.connection else None
    # A check after the owner's word that still sees it on is believed more than the word.
    told = said is not None and not (sure and checked and checked > said.at)
    clean = known.connected and checked is not None and not found
    name = platform_name(shop.store)
    mend = (
        f"{found[0].said} {found[0].mend}"
        if found
        else _("Otherwise people get two mails. Look in the shop's settings, switch it off, and say so here.")
    )
    yield _item(
        "own_mail", told or clean, _("%(platform)s's own mail about baskets is off") % {"platform": name}, mend,
        _attest(shop, Attestation.Subject.OWN_MAIL_OFF, _("I switched it off")), bad=bool(sure) and not told,
    )  # fmt: skip


def _attest(shop: _Shop, subject: str, label: str) -> Button:
    return Button(label=label, url=shop.page("store-attest"), posts=True, sends=(("subject", subject),))


def _sender(shop: _Shop) -> Iterator[Item]:
    store, sending = shop.store, Button(label=_("Fill in"), url=f"{shop.settings_page}#sending")
    yield _item("sender", store.from_email, _("A sender address"), _("Fill in who the mails are from."), sending)
    yield _item("postal", store.postal_address, _("A postal address"), _("The law wants it below every mail."), sending)
    leaves = store.transport_sealed or not settings.ENV.email_url.startswith("outbox")
    yield _item(
        "transport", leaves, _("A mail connection"),
        _("Until then mail stays in the outbox and nothing leaves."), sending,
    )  # fmt: skip
    yield _domain(shop, sending)


def _domain(shop: _Shop, sending: Button) -> Item:
    """By what its name servers say; the owner's word counts only where those said nothing."""
    domain = domain_of(shop.store.from_email)
    found = judged(domain, SenderDomain.objects.of(shop.store).first())
    if domain and shop.store.is_demo:
        # It has a name that nobody may own, so it is never looked up.
        found = unheard(domain)
    button = Button(label=_("Check again"), url=shop.page("store-domain"), posts=True)
    if not found.known:
        button = _attest(shop, Attestation.Subject.DOMAIN_SET, _("They are set"))
    told = found.state == "open" and Attestation.Subject.DOMAIN_SET in shop.attested
    return _item(
        "domain", domain and (told or found.state == "done"), found.said, found.mend,
        button if domain else sending, bad=found.state == "bad",
    )  # fmt: skip


def _texts(shop: _Shop) -> Iterator[Item]:
    yield _item(
        "opt_in", Notice.objects.of(shop.store).filter(kind="opt_in", until_at__isnull=True).exists(),
        _("The text of the opt-in box is known"), _("A consent counts only with the words that stood there."),
        Button(label=_("Fill in"), url=f"{shop.settings_page}#consent"),
    )  # fmt: skip


def _flow(shop: _Shop) -> Iterator[Item]:
    flows = Flow.objects.of(shop.store).filter(deleted_at__isnull=True).order_by("-live", "pk")
    flow = flows.first()
    seen = Attestation.Subject.MAIL_SEEN in shop.attested
    live = flow is not None and flow.live
    look = Button(label=_("Look at the mails"), url=shop.page("store-mails"), posts=True)
    yield _item("seen", seen or live, _("You have seen the mails"), _("In your own look, on phone and desktop."), look)
    page = reverse("admin:flows_flow_change", args=[flow.pk]) if flow else reverse("admin:flows_flow_changelist")
    yield _item(
        "flow", live, _("A flow is on"), _("Preview it and switch it on. Until then baskets are only followed."),
        Button(label=_("To the flow"), url=page),
    )  # fmt: skip


_RECOVERED: Final = """
SELECT EXISTS (SELECT 1 FROM mail_message m JOIN carts_cart c ON c.id = m.cart_id
    JOIN tracking_click k ON k.message_id = m.id AND k.machine = ''
    WHERE m.store_id = %s AND m.status = 'accepted' AND c.status = 'ordered')
"""


def _recovered(shop: _Shop) -> Iterator[Item]:
    yield _item(
        "recovered", db.rows(_RECOVERED, [shop.store.pk])[0][0], _("A first basket came back"),
        _("Try it yourself: leave a basket with your own address, and get its mail at once."),
        Button(label=_("Try it"), url=shop.page("store-try")),
    )  # fmt: skip


_ASKED: Final = (_reached, _hooks, _companion, _protected, _feed, _own_mail, _sender, _texts, _flow, _recovered)
