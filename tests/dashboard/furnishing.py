"""Two shops with one row of everything: Ada's, and Cy's, who must never be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import Model

from apps.accounts.models import Membership, User
from apps.carts.models import Cart, CartKey
from apps.catalog.models import Pairing, Product
from apps.consent.models import ConsentRecord, Permission, Suppression
from apps.core.secrets import hash_of
from apps.customers.models import Customer, CustomerTotal, CustomEvent, Hold, PrivacyTask
from apps.dashboard.models import SenderDomain
from apps.events.models import Announcement, Event
from apps.feedback.models import Answer, LowScore, OwnReview, SignUp, Survey
from apps.flows.models import Campaign, Draw, Enrollment, Flow, StepRun, Version
from apps.ingestion.models import Delivery, DeliveryBody, EventSecret, Quarantine
from apps.mail.blocks import Source
from apps.mail.compiling import compile_here
from apps.mail.models import Letter, Message, OutboxMail, Template, TemplateVersion
from apps.mail.samples import sample
from apps.offers.models import Code, CreditGiven, Offer
from apps.orders.models import Order, OrderLine, Review
from apps.segments.models import Figures, Segment
from apps.segments.models import Membership as InSegment
from apps.stores.models import Notice, Refusal, Store, StoreSecret
from apps.tracking.models import Click

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLAN: dict[str, Any] = {
    "flow": "abandoned-checkout",
    "name": "Abandoned checkout",
    "purpose": "cart",
    "priority": "checkout",
    "trigger": {"cart_abandoned": "any"},
    "reentry": {"every": "7d"},
    "exits": ["order_placed"],
    "steps": [{"wait": "1h"}, {"send_email": "reminder"}],
}


@dataclass
class Furnished:
    """A shop and one row of each kind, by the model's label."""

    store: Store
    mark: str
    rows: dict[str, Model] = field(default_factory=dict)

    def __getitem__(self, label: str) -> Any:
        return self.rows[label]

    def add(self, row: Model) -> Any:
        self.rows[row._meta.label] = row
        return row


def source(mark: str) -> Source:
    return Source(
        subject=f"Je mandje {mark}",
        preheader="Met één klik is alles er weer, op elk apparaat dat je hebt.",
        mjml=f"<mjml><mj-body><mj-section><mj-column><mj-text>Mandje {mark}</mj-text></mj-column></mj-section>"
        "{% block button %}{% block footer %}</mj-body></mjml>",
        text=f"Mandje {mark} {{{{ links.restore }}}}\n{{% block footer %}}",
    )


def furnish(mark: str, *, at: datetime = NOW, **fields: Any) -> Furnished:
    """A shop in which everything there can be carries `mark`."""
    store = Store.objects.create(
        platform="woocommerce", name=f"Shop {mark}", url=f"https://{mark}.example", last_delivery_at=at, **fields
    )
    shop = Furnished(store, mark)
    shop.add(store)
    _door(shop, at)
    _people(shop, at)
    _mail(shop, at)
    _asked(shop, at)
    return shop


def _door(shop: Furnished, at: datetime) -> None:
    store, mark = shop.store, shop.mark
    shop.add(StoreSecret.make(store, f"secret-{mark}")).save()
    shop.add(EventSecret.objects.create(store=store, sealed=mark))
    shop.add(Notice.objects.create(store=store, kind="opt_in", text=f"Ja {mark}"))
    shop.add(SenderDomain.objects.create(store=store, domain=f"{mark}.example", dmarc_at=mark, looked_at=at, due_at=at))
    shop.add(Refusal.objects.create(store=store, day=at.date(), reason="signature", count=3, last_at=at))
    shop.add(
        Product.objects.create(store=store, external_id="7", title=f"Pot {mark}", price=Decimal(9), currency="EUR")
    )
    delivery = shop.add(
        Delivery.objects.create(
            store=store,
            topic=f"order.{mark}",
            dedupe_key=mark,
            state="quarantined",
            reason=mark,
            headers={"x": mark},
            received_at=at,
            size=20,
        )
    )
    shop.add(DeliveryBody.objects.create(delivery=delivery, data=f'{{"who": "{mark}"}}'.encode()))
    shop.add(Quarantine.objects.create(delivery=delivery, reason=mark))


def _people(shop: Furnished, at: datetime) -> None:
    store, mark = shop.store, shop.mark
    key = f"{mark}@example.com"
    customer = shop.add(
        Customer.objects.create(
            store=store, email=key, email_key=key, address_hash=hash_of(store.pk, key), first_name=mark, locale="nl"
        )
    )
    consent = shop.add(
        ConsentRecord.objects.create(
            customer=customer,
            state="granted",
            at=at - timedelta(days=1),
            source="checkout",
            notice=shop["stores.Notice"],
        )
    )
    shop.add(Permission.objects.create(customer=customer, state="granted", at=consent.at, record=consent))
    shop.add(Hold.objects.create(store=store, customer=customer, kind="complaint", subject=mark, began_at=at))
    shop.add(CustomEvent.objects.create(store=store, customer=customer, name=mark, occurred_at=at, key=mark))
    shop.add(CustomerTotal.objects.create(customer=customer, currency="EUR", orders=1, spent=Decimal(10)))
    shop.add(PrivacyTask.objects.create(store=store, action="redact", asked_at=at, deadline=at, note=mark))
    other = hash_of(store.pk, f"other-{key}")
    shop.add(
        Suppression.objects.create(
            store=store, address_hash=other, scope="marketing", reason="unsubscribed", at=at, origin=mark
        )
    )
    cart = shop.add(
        Cart.objects.create(
            store=store,
            customer=customer,
            status="abandoned",
            started_at=at - timedelta(hours=3),
            email_key=key,
            last_activity_at=at - timedelta(hours=2),
            abandoned_at=at - timedelta(hours=1),
            reached_checkout=True,
            currency="EUR",
            total=Decimal("40.00"),
            lines=[
                {
                    "product": "7",
                    "variant": None,
                    "title": f"Pot {mark}",
                    "quantity": "1",
                    "unit_price": "40.00",
                    "total": "40.00",
                }
            ],
        )
    )
    shop.add(CartKey.objects.create(store=store, kind="cart", value=mark, cart=cart))
    order = shop.add(
        Order.objects.create(
            store=store,
            external_id=mark,
            number=f"nr-{mark}",
            customer=customer,
            stage="paid",
            currency="EUR",
            total=Decimal(10),
            placed_at=at - timedelta(days=9),
        )
    )
    shop.add(
        OrderLine.objects.create(
            order=order, position=0, title=f"Pot {mark}", quantity=Decimal(1), unit_price=Decimal(10), total=Decimal(10)
        )
    )
    _gifts(shop, at)


def _gifts(shop: Furnished, at: datetime) -> None:
    store, mark, customer = shop.store, shop.mark, shop["customers.Customer"]
    shop.add(
        Pairing.objects.create(
            store=store, kind="order", product="7", other=mark, support=3, confidence=Decimal("0.5"), lift=Decimal(2)
        )
    )
    shop.add(
        Review.objects.create(
            store=store, external_id=mark, product="7", customer=customer, email_key=customer.email_key, rating=4,
            text=mark, author=mark, approved=True, written_at=at,
        )
    )  # fmt: skip
    offer = shop.add(
        Offer.objects.create(store=store, name=f"Credit {mark}", kind="credit", value=Decimal(10), currency="EUR")
    )
    code = shop.add(
        Code.objects.create(
            store=store, offer=offer, customer=customer, ref="run:1/step:1", code=f"CODE-{mark.upper()}",
            status="issued", given_at=at, issued_at=at, ends_at=at + timedelta(days=14),
            due_at=at + timedelta(days=14),
        )
    )  # fmt: skip
    shop.add(CreditGiven.objects.create(code=code, asked_at=at))
    segment = shop.add(
        Segment.objects.create(store=store, slug=mark, name=f"Segment {mark}", definition=[{"tagged": [mark]}])
    )
    shop.add(InSegment.objects.create(segment=segment, customer=customer, entered_at=at))
    shop.add(Figures.objects.create(customer=customer, store=store, orders=1, spent=Decimal(10), measured_at=at))


def _mail(shop: Furnished, at: datetime) -> None:
    store, customer, cart = shop.store, shop["customers.Customer"], shop["carts.Cart"]
    texts = msgspec.structs.asdict(source(shop.mark))
    template = shop.add(Template.objects.create(store=store, slug="reminder", locale="nl", **texts))
    compiled = msgspec.to_builtins(compile_here(source(shop.mark), "nl"))
    version = shop.add(TemplateVersion.objects.create(template=template, number=1, compiled=compiled, **texts))
    template.live = version
    template.save()
    flow = shop.add(
        Flow.objects.create(
            store=store, slug=PLAN["flow"], name=f"Flow {shop.mark}", draft=PLAN, live=True, live_since=at
        )
    )
    plan = shop.add(Version.objects.create(flow=flow, number=1, definition=PLAN, published_at=at))
    flow.version = plan
    flow.save()
    shop.add(
        Campaign.objects.create(store=store, name=f"News {shop.mark}", template_slug="reminder", audience="everybody")
    )
    shop.add(Draw.objects.create(flow=flow, customer=customer, ticket=Decimal(5), held_out=False))
    run = shop.add(
        Enrollment.objects.create(
            store=store,
            flow=flow,
            version=plan,
            customer=customer,
            cart=cart,
            occasion="event:1",
            triggered_at=at,
            entered_at=at,
            due_at=at + timedelta(hours=1),
        )
    )
    shop.add(StepRun.objects.create(enrollment=run, position=1, kind="send_email", outcome="planned", at=at))
    message = shop.add(
        Message.objects.create(
            store=store,
            customer=customer,
            cart=cart,
            origin=f"run:{run.pk}/step:1",
            purpose="cart",
            template_slug="reminder",
            status="unknown",
            planned_at=at,
            wanted_at=at,
            valid_until=at + timedelta(days=1),
            sending_at=at,
            ended_at=at,
            address=customer.email,
            basis="consent",
            policy_version="1",
            template_version=version,
            response=shop.mark,
        )
    )
    context = msgspec.to_builtins(sample("nl"))
    shop.add(Letter.objects.create(message=message, subject=f"Je mandje {shop.mark}", context=context, rendered_at=at))
    shop.add(OutboxMail.objects.create(message=message, data=f"Subject: {shop.mark}\r\n\r\n{shop.mark}".encode()))
    shop.add(Click.objects.create(message=message, slot=0, at=at))
    event = shop.add(
        Event.objects.create(
            store_id=store.pk,
            customer_id=customer.pk,
            subject=f"cart:{cart.pk}",
            kind="cart.abandoned",
            occurred_at=at,
            source_key=shop.mark,
        )
    )
    shop.add(Announcement.objects.create(event=event, due_at=at))


def _asked(shop: Furnished, at: datetime) -> None:
    store, mark, customer = shop.store, shop.mark, shop["customers.Customer"]
    words = {"question": f"Hoe {mark}?", "answers": [["1", "Slecht"], ["5", f"Goed {mark}"]]}
    survey = shop.add(
        Survey.objects.create(
            store=store, slug=mark, kind="csat", name=f"Vraag {mark}", texts={"nl": words}, low_mark=2
        )
    )
    told = {"store": store, "customer": customer, "message": 1}
    answer = shop.add(
        Answer.objects.create(**told, survey=survey, said={"": "1"}, score=1, low=True, comment=mark, answered_at=at)
    )
    shop.add(
        OwnReview.objects.create(
            **told, position=0, product="7", title=mark, rating=2, text=mark, author=mark, written_at=at
        )
    )
    shop.add(LowScore.objects.create(store=store, customer=customer, answer=answer, score=1, at=at))
    shop.add(
        SignUp.objects.create(
            store=store, customer=customer, notice=shop["stores.Notice"], outcome="granted", language="nl",
            source_url=f"https://{mark}.example/", at=at,
        )
    )  # fmt: skip


def member(shop: Furnished, role: str, name: str = "ada") -> User:
    """Somebody who works in this shop."""
    user = User.objects.create_user(f"{name}-{role}", email=f"{name}@staff.example", is_staff=True)
    shop.add(Membership.objects.create(user=user, store=shop.store, role=role))
    return user
