"""What a shop has of its own that a flow can name: its mails, surveys, offers, segments and products."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.feedback import shipped
from apps.feedback.models import Survey
from apps.mail.headlines import headline
from apps.mail.models import Template
from apps.offers.models import Offer
from apps.segments.models import Segment
from apps.stores.models import Store

Choices = list[tuple[str, str]]
MOST_PRODUCTS = 200


class Shelf:
    """One shop's things by kind, each asked of the database at most once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._known: dict[str, Choices] = {}
        self._asked: dict[str, Callable[[], Choices]] = {
            "template": self._templates,
            "survey": self._surveys,
            "offer": self._offers,
            "segment": self._segments,
            "product": self._products,
        }

    def choices(self, thing: str) -> Choices:
        """What may be chosen: the word that stands in the plan, and what the owner reads."""
        if thing not in self._known:
            self._known[thing] = self._asked[thing]() if thing in self._asked else []
        return self._known[thing]

    def name(self, thing: str, word: str) -> str:
        """What the owner calls it; the word itself for what the shop does not have."""
        if thing == "template" and word in self.mails:
            return f"“{self._subject(word)}”"
        return dict(self.choices(thing)).get(word, word)

    @cached_property
    def mails(self) -> dict[str, Template]:
        """The shop's published mails by short name, in the shop's own language where there is one."""
        rows = Template.objects.of(self.store).filter(live__isnull=False).select_related("live").order_by("slug", "pk")
        found: dict[str, Template] = {}
        for row in rows:
            if row.slug not in found or row.locale == self.store.locale:
                found[row.slug] = row
        return found

    def _templates(self) -> Choices:
        return [(slug, f"{self._subject(slug)} ({slug})") for slug in self.mails]

    def _subject(self, slug: str) -> str:
        mail = self.mails[slug]
        return headline(mail.live.subject if mail.live else mail.subject)

    def _surveys(self) -> Choices:
        """The shop's own, and what ships with the engine: that is made here the first time a flow asks it."""
        rows = Survey.objects.of(self.store).filter(replaced_at__isnull=True).values_list("slug", "name")
        own = dict(rows)
        language = "nl" if self.store.locale.startswith("nl") else "en"
        come = {slug: shipped.survey(slug).name[language] for slug in shipped.known() if slug not in own}
        return sorted((own | come).items(), key=lambda one: one[1])

    def _offers(self) -> Choices:
        names = Offer.objects.of(self.store).filter(active=True).order_by("name").values_list("name", flat=True)
        return [(name, name) for name in names]

    def _segments(self) -> Choices:
        return [(segment.slug, segment.name) for segment in Segment.objects.of(self.store).order_by("name")]

    def _products(self) -> Choices:
        rows = Product.objects.of(self.store).filter(parent="").order_by("title")[:MOST_PRODUCTS]
        return [(product.external_id, product.title) for product in rows]


EMPTY = {
    "template": lambda: _("This shop has no published mail yet."),
    "survey": lambda: _("This shop has no survey yet."),
    "offer": lambda: _("This shop has no offer in use yet."),
    "segment": lambda: _("This shop has no segment yet."),
    "product": lambda: _("This shop has no products yet."),
}
MADE_AT = {
    "template": "admin:mail_template_changelist",
    "offer": "admin:offers_offer_changelist",
    "product": "admin:catalog_product_changelist",
}
