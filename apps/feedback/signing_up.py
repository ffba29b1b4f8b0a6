"""Signing up for mail on our own page, and confirming it (behaviour B64; reliability.md section 5).

Whoever signs up proves nothing of the address: in countries that ask for double opt-in, where the owner wants it,
and wherever this address said no before, only the owner of the mailbox says yes, by a button behind a mail.
The page answers the same to everybody: nobody learns who is a customer, subscribed, or gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db import transaction

from apps.consent import policy
from apps.consent import recording as consent
from apps.consent.suppressing import suppress
from apps.core import db
from apps.core.addresses import email_key
from apps.core.secrets import hash_of
from apps.core.stamps import stamp
from apps.customers import identity
from apps.customers.erasure import lock_store
from apps.feedback.models import SignUp
from apps.stores import notices
from apps.stores.models import Notice, Store
from apps.stores.rules import Rules
from apps.stores.snapshots import ConsentGiven, Person

SOURCE: Final = "signup"
WINDOW: Final = timedelta(hours=1)
EACH: Final = 10
"""One visitor presses so often within the window; a family at one table, not a machine."""
ALL: Final = 300
"""And all visitors of one shop together."""
ASKED_ONCE_IN: Final = timedelta(days=1)
"""A mailbox gets one mail to confirm in so much time, whoever types its address."""
CONFIRM_WITHIN: Final = timedelta(days=30)


class AddressRefused(ValueError):
    """Not one e-mail address."""


class TooOften(Exception):
    """This visitor, or all together, pressed too often; an hour later it goes again."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What came in by the button. `notice_id` is the text that stood beside the box, as the form said."""

    email: str
    language: str
    visitor: str
    """A keyed hash."""
    notice_id: int | None = None
    source_url: str = ""


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an address before."""

    suppressed: str
    """'', `marketing` or `everything`."""
    customer_id: int | None
    country: str
    state: str
    double_opt_in: bool


def sign_up(store: Store, wish: Wish, at: datetime) -> SignUp:
    """Record the wish in the caller's transaction. ASKED: the caller sends the mail to confirm.

    Raises AddressRefused, TooOften, and Notice.DoesNotExist for a shop without a consent text.
    """
    key = email_key(wish.email)
    if key is None:
        raise AddressRefused("expected one e-mail address")
    _count(store.pk, wish.visitor, at)
    notice = _notice(store, wish.notice_id, at)
    lock_store(store.pk)
    hashed = hash_of(store.pk, key)
    known = _standing(store.pk, key, hashed)
    outcome = _outcome(store, known, at)
    customer = known.customer_id
    if outcome in (SignUp.Outcome.GRANTED, SignUp.Outcome.ASKED):
        if outcome == SignUp.Outcome.ASKED:
            _keep_no(store.pk, known, hashed, at)
        customer = _customer(store, wish, known, at)
        _record(store.pk, customer, "granted" if outcome == SignUp.Outcome.GRANTED else "pending", notice, at)
    return SignUp.objects.create(
        store=store,
        customer_id=None if outcome == SignUp.Outcome.IGNORED else customer,
        notice=notice,
        outcome=outcome,
        language=wish.language,
        source_url=wish.source_url[:300],
        visitor=wish.visitor,
        at=at,
    )


def confirm(store_id: int, sign_up_id: int, at: datetime) -> bool:
    """The mailbox said yes; False when it is too late or nobody asked. Pressing again changes nothing."""
    with transaction.atomic():
        lock_store(store_id)
        found = (
            SignUp.objects.of(store_id)
            .select_for_update(of=("self",))
            .select_related("notice")
            .filter(pk=sign_up_id, customer__isnull=False)
            .first()
        )
        if found is None or found.customer_id is None or not can_confirm(found, at):
            return False
        if found.outcome == SignUp.Outcome.ASKED:
            _record(store_id, found.customer_id, "granted", found.notice, at, double_opt_in=True)
            found.outcome, found.confirmed_at = SignUp.Outcome.CONFIRMED, at
            found.save(update_fields=["outcome", "confirmed_at"])
    return True


def can_confirm(sign_up: SignUp, at: datetime) -> bool:
    """Whether its button still means something."""
    asked = sign_up.outcome == SignUp.Outcome.ASKED and at < sign_up.at + CONFIRM_WITHIN
    return asked or sign_up.outcome == SignUp.Outcome.CONFIRMED


def needs_confirming(store: Store, country: str = "") -> bool:
    """Whether a mail must confirm who signs up here: by the law of their country, or as the owner wants it."""
    row = policy.CURRENT.row_for(country or None, store.country)
    return Rules.of(store).confirm_sign_up or row.non_buyer is policy.NonBuyer.DOUBLE_OPT_IN


def text_in_force(store: Store) -> Notice | None:
    """The words beside the box now."""
    return notices.present(store, Notice.Kind.OPT_IN)


_COUNT: Final = """
SELECT count(*) FILTER (WHERE visitor = %(visitor)s), count(*) FROM feedback_signup
WHERE store_id = %(store)s AND at > %(since)s
"""


def _count(store_id: int, visitor: str, at: datetime) -> None:
    mine, all_of_them = db.rows(_COUNT, {"store": store_id, "visitor": visitor, "since": at - WINDOW})[0]
    if mine >= EACH or all_of_them >= ALL:
        raise TooOften


def _notice(store: Store, shown: int | None, at: datetime) -> Notice:
    """The text the form says it showed, if this shop ever had it; else the one in force."""
    mine = Notice.objects.of(store).filter(kind=Notice.Kind.OPT_IN)
    known = mine.filter(pk=shown).first() if shown is not None and shown < 2**63 else None
    found = known or text_in_force(store)
    if found is None or (found.from_at is not None and found.from_at > at):
        raise Notice.DoesNotExist
    return found


_STANDING: Final = """
SELECT coalesce((SELECT x.scope FROM consent_suppression x WHERE x.store_id = %(store)s
        AND x.address_hash = %(hash)s AND x.lifted_at IS NULL), ''),
    c.id, coalesce(c.country, ''), coalesce(p.state, ''), coalesce(r.double_opt_in, false)
FROM (SELECT 1) AS one
LEFT JOIN customers_customer c ON c.store_id = %(store)s AND c.email_key = %(key)s
LEFT JOIN consent_permission p ON p.customer_id = c.id
LEFT JOIN consent_consentrecord r ON r.id = p.record_id
"""


def _standing(store_id: int, key: str, hashed: bytes) -> _Standing:
    row = db.rows(_STANDING, {"store": store_id, "key": key, "hash": hashed})[0]
    return _Standing(suppressed=row[0], customer_id=row[1], country=row[2], state=row[3], double_opt_in=row[4])


def _outcome(store: Store, known: _Standing, at: datetime) -> SignUp.Outcome:
    """What becomes of this wish. A no that stands is only taken back by the mailbox itself."""
    if known.suppressed == "everything" or known.state == "erased":
        return SignUp.Outcome.IGNORED
    said_no = known.suppressed == "marketing" or known.state == "denied"
    confirming = said_no or needs_confirming(store, known.country)
    if known.state == "granted" and not said_no and (known.double_opt_in or not confirming):
        return SignUp.Outcome.KNOWN
    if not confirming:
        return SignUp.Outcome.GRANTED
    return SignUp.Outcome.KNOWN if _asked_lately(known.customer_id, at) else SignUp.Outcome.ASKED


def _asked_lately(customer_id: int | None, at: datetime) -> bool:
    if customer_id is None:
        return False
    lately = SignUp.objects.filter(customer_id=customer_id, outcome=SignUp.Outcome.ASKED, at__gt=at - ASKED_ONCE_IN)
    return lately.exists()


def _keep_no(store_id: int, known: _Standing, hashed: bytes, at: datetime) -> None:
    """A refusal told by the shop would be hidden behind "to be confirmed": it goes on to stand as a suppression."""
    if known.state == "denied" and not known.suppressed:
        suppress(store_id=store_id, address_hash=hashed, scope="marketing", reason="objected", at=at, origin=SOURCE)


def _customer(store: Store, wish: Wish, known: _Standing, at: datetime) -> int:
    """Their row. Of somebody known already, a stranger's form changes nothing."""
    locale = wish.language if known.customer_id is None else None
    person = Person(email=wish.email.strip(), locale=locale)
    people = identity.recognise([identity.Mention(store_id=store.pk, person=person, stamp=stamp(at))])
    (customer,) = people.by_address.values()
    return customer


def _record(
    store_id: int, customer_id: int, state: Any, notice: Notice, at: datetime, *, double_opt_in: bool = False
) -> None:
    identity.lock([customer_id])
    given = ConsentGiven(
        state=state, at=at, source=SOURCE, text_version=f"notice:{notice.pk}", double_opt_in=double_opt_in
    )
    consent.record([consent.ConsentNews(store_id=store_id, customer_id=customer_id, given=given, at=at)], at)
