"""What a shop tells people, dated: consent rests on the text that was in force at its time (decision 15)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Q

from apps.stores.models import Notice, Store

OPT_IN: Final = {
    "nl": "Ja, {name} mag mij e-mails sturen over mijn winkelmandje, acties en nieuws. Afmelden kan altijd.",
    "en": "Yes, {name} may send me e-mails about my basket, offers and news. I can unsubscribe at any time.",
}
"""The text of the box that our companion shows. It names neither je nor u, so it serves both."""


def standard_opt_in(store: Store) -> Notice:
    """The box's standard text, in force since ever.

    A shop that is connected without telling its text uses the box as we ship it; consents given before it
    was connected were given under the same words, which is what `from_at` None says.
    """
    text = OPT_IN.get(store.language, OPT_IN["en"]).format(name=store.name)
    return Notice(store=store, kind=Notice.Kind.OPT_IN, text=text)


def present(store: Store, kind: Notice.Kind) -> Notice | None:
    """The text in force now and from now on, None if there is none."""
    return Notice.objects.of(store).filter(kind=kind, until_at__isnull=True).order_by("-from_at", "-pk").first()


def say(store: Store, kind: Notice.Kind, text: str, at: datetime | None) -> None:
    """From `at` on the shop shows this text; '' shows none. `at` None: it has always been so."""
    now = present(store, kind)
    if now is not None and now.text == text:
        return
    if at is not None:
        Notice.objects.of(store).filter(kind=kind, until_at__isnull=True).update(until_at=at)
    else:
        Notice.objects.of(store).filter(Q(from_at__isnull=True), kind=kind).delete()
    if text:
        Notice.objects.create(store=store, kind=kind, text=text, from_at=at)
