"""Why a mail was not sent, or not yet: a closed list, each with a sentence and a mend.

The codes are stored and never change meaning. There is no "other": whoever finds a new
reason adds it here, with its sentence, in every language the owners read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Reason(StrEnum):
    """The code of a reason. Those in `HELD` may still end in sending."""

    # The person or the basket moved on.
    ORDER_PLACED = "order_placed"
    CART_EMPTIED = "cart_emptied"
    NEWER_BASKET = "newer_basket"
    NOT_IN_STOCK = "not_in_stock"
    UNMAILABLE_BASKET = "unmailable_basket"
    PRODUCT_EXCLUDED = "product_excluded"
    NOTHING_TO_REVIEW = "nothing_to_review"
    NOTHING_TO_SUGGEST = "nothing_to_suggest"
    NOTHING_TO_TELL = "nothing_to_tell"
    NO_ADDRESS = "no_address"
    ORDER_PAID = "order_paid"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REFUNDED = "order_refunded"
    RETURN_OPENED = "return_opened"
    COMPLAINT_OPEN = "complaint_open"
    ORDERED_AGAIN = "ordered_again"
    BOUGHT_AGAIN = "bought_again"
    REVIEWED = "reviewed"
    ANSWERED = "answered"
    SHIPPED = "shipped"
    ACCOUNT_MADE = "account_made"
    REDEEMED = "redeemed"
    CLICKED = "clicked"
    ENGAGED = "engaged"
    FEWER_ORDERS = "fewer_orders"
    REPLIED = "replied"
    TOLD_BY_APP = "told_by_app"
    LIFE_OVER = "life_over"
    # We may not.
    SUPPRESSED_MARKETING = "suppressed_marketing"
    SUPPRESSED_EVERYTHING = "suppressed_everything"
    NO_BASIS_NO_CONSENT = "no_basis_no_consent"
    NO_BASIS_DENIED = "no_basis_denied"
    NO_BASIS_ERASED = "no_basis_erased"
    NO_BASIS_CONSENT_PENDING = "no_basis_consent_pending"
    NO_BASIS_NEEDS_DOUBLE_OPT_IN = "no_basis_needs_double_opt_in"
    NO_BASIS_NOT_ATTESTED = "no_basis_not_attested"
    NO_BASIS_NOTICE_UNKNOWN = "no_basis_notice_unknown"
    NO_BASIS_CONSENT_UNDATED = "no_basis_consent_undated"
    NO_BASIS_CUSTOMER_NOT_TOLD = "no_basis_customer_not_told"
    NO_BASIS_CUSTOMER_LAPSED = "no_basis_customer_lapsed"
    NO_BASIS_NOT_REQUESTED = "no_basis_not_requested"
    # The shop or the flow is not running.
    STORE_OFF = "store_off"
    STORE_UNINSTALLED = "store_uninstalled"
    FLOW_OFF = "flow_off"
    ENROLLMENT_ENDED = "enrollment_ended"
    NO_LONGER_FITS = "no_longer_fits"
    LEFT_BY_PLAN = "left_by_plan"
    REENTRY_TOO_SOON = "reentry_too_soon"
    HELD_OUT = "held_out"
    SHADOW = "shadow"
    DUPLICATE_RUN = "duplicate_run"
    CAMPAIGN_STOPPED = "campaign_stopped"
    LANE_TAKEN = "lane_taken"
    # Not now.
    CAP = "cap"
    QUIET_HOURS = "quiet_hours"
    WINDOW_SHUT = "window_shut"
    FEED_STALE = "feed_stale"
    PERSON_PAUSED = "person_paused"
    STORE_PAUSED = "store_paused"
    CONNECTION_DOWN = "connection_down"
    HOLD_RETURN = "hold_return"
    HOLD_COMPLAINT = "hold_complaint"
    HOLD_DELAY = "hold_delay"
    HOLD_SCORE = "hold_score"
    # Too late.
    STALE = "stale"
    STALE_CAPPED = "stale_capped"
    STALE_FEED = "stale_feed"
    STALE_RETURN = "stale_return"
    STALE_COMPLAINT = "stale_complaint"
    STALE_DELAY = "stale_delay"
    STALE_SCORE = "stale_score"
    EXPIRED = "expired"
    # No offer for this person; the mail itself may go without one.
    OFFER_OFF = "offer_off"
    OFFER_NOT_POSSIBLE = "offer_not_possible"
    OFFER_CURRENCY = "offer_currency"
    OFFER_GIVEN_RECENTLY = "offer_given_recently"
    OFFER_NOT_FIRST_ORDER = "offer_not_first_order"
    OFFER_BUDGET_USED = "offer_budget_used"
    OFFER_CODES_USED = "offer_codes_used"
    OFFER_FARMING = "offer_farming"
    OFFER_NOT_MADE = "offer_not_made"
    # It did not work.
    TEMPLATE_ERROR = "template_error"
    TOO_LARGE = "too_large"
    ADDRESS_REJECTED = "address_rejected"
    REJECTED_BY_SERVER = "rejected_by_server"
    CRASHED_THREE_TIMES = "crashed_three_times"


HELD: Final = frozenset(
    {
        Reason.CAP,
        Reason.QUIET_HOURS,
        Reason.WINDOW_SHUT,
        Reason.FEED_STALE,
        Reason.PERSON_PAUSED,
        Reason.STORE_PAUSED,
        Reason.CONNECTION_DOWN,
        Reason.HOLD_RETURN,
        Reason.HOLD_COMPLAINT,
        Reason.HOLD_DELAY,
        Reason.HOLD_SCORE,
    }
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened, and what the owner can do about it. Values stand in {braces}."""

    sentence: StrPromise
    mend: StrPromise


def explain(code: Reason | str, values: Mapping[str, object]) -> tuple[str, str]:
    """The sentence and the mend of a reason, in the active language.

    A value that was not kept shows as "…"; a code that is not on the list raises ValueError.
    """
    explanation = EXPLANATIONS[Reason(code)]
    known = _Known({name: str(value) for name, value in values.items()})
    return str(explanation.sentence).format_map(known), str(explanation.mend).format_map(known)


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


EXPLANATIONS: Final[dict[Reason, Explanation]] = {
    Reason.ORDER_PLACED: Explanation(
        _("Order {order} was placed at {at}, before this mail was due."),
        _("Nothing to mend."),
    ),
    Reason.CART_EMPTIED: Explanation(
        _("The basket was emptied at {at}."),
        _("Nothing to mend."),
    ),
    Reason.NEWER_BASKET: Explanation(
        _("A newer basket took the place of this one at {at}."),
        _("Nothing to mend: the newer basket has its own mail."),
    ),
    Reason.NOT_IN_STOCK: Explanation(
        _("Nothing in the basket was in stock any more."),
        _("Check the stock of {products} in your shop."),
    ),
    Reason.UNMAILABLE_BASKET: Explanation(
        _("The basket could not be shown in a mail: {detail}."),
        _("Open the basket to see what it lacks, often a price or a product name."),
    ),
    Reason.NO_ADDRESS: Explanation(
        _("No usable e-mail address was left with this basket."),
        _("Ask for the e-mail address as the first field of your checkout."),
    ),
    Reason.SUPPRESSED_MARKETING: Explanation(
        _("This person asked for no more marketing mail on {at}."),
        _("Nothing to mend: only this person can ask for your mail again."),
    ),
    Reason.SUPPRESSED_EVERYTHING: Explanation(
        _("Nothing is sent to this address since {at}: {cause}."),
        _("After a bounce, ask for a working address; after a complaint or an erasure, leave it."),
    ),
    Reason.NO_BASIS_NO_CONSENT: Explanation(
        _("There is no permission to mail this person; {country} asks for it ({law})."),
        _("Add an unticked opt-in box to your checkout."),
    ),
    Reason.NO_BASIS_DENIED: Explanation(
        _("This person said no to marketing on {at}."),
        _("Nothing to mend: a refusal holds everywhere."),
    ),
    Reason.NO_BASIS_ERASED: Explanation(
        _("This person was erased on request."),
        _("Nothing to mend."),
    ),
    Reason.NO_BASIS_CONSENT_PENDING: Explanation(
        _("The confirmation of {at} has not been answered yet."),
        _("Nothing to mend: mail may follow once the person confirms."),
    ),
    Reason.NO_BASIS_NEEDS_DOUBLE_OPT_IN: Explanation(
        _("The permission was not confirmed by mail; {country} asks for that proof ({law})."),
        _("Switch on the confirmation mail (double opt-in) for this store."),
    ),
    Reason.NO_BASIS_NOT_ATTESTED: Explanation(
        _("The permission came from {source}; nobody declared that its box starts empty."),
        _("Look at your checkout; if its box starts empty, declare so in the store's settings."),
    ),
    Reason.NO_BASIS_NOTICE_UNKNOWN: Explanation(
        _("It is not known which text stood beside the box on {at}."),
        _("Enter the text of your opt-in box, with the day it came into use, in the store's consent settings."),
    ),
    Reason.NO_BASIS_CONSENT_UNDATED: Explanation(
        _("The permission has no date, so it proves nothing."),
        _("Import the permission again with its date, or ask the person anew."),
    ),
    Reason.NO_BASIS_CUSTOMER_NOT_TOLD: Explanation(
        _("This customer was not shown at order {order} that they could object to mail."),
        _("Show the notice at checkout and enter its text, with its first day, in the store's consent settings."),
    ),
    Reason.NO_BASIS_CUSTOMER_LAPSED: Explanation(
        _("The last paid order, of {at}, is too long ago for {country} ({law})."),
        _("Ask for permission with a box; a new order counts as well."),
    ),
    Reason.NO_BASIS_NOT_REQUESTED: Explanation(
        _("No confirmation was asked for that this mail could answer."),
        _("Nothing to mend."),
    ),
    Reason.STORE_OFF: Explanation(
        _("Sending was switched off for {store}."),
        _("Switch sending on in the store's settings."),
    ),
    Reason.STORE_UNINSTALLED: Explanation(
        _("{store} was disconnected on {at}."),
        _("Connect the shop again."),
    ),
    Reason.FLOW_OFF: Explanation(
        _("The flow {flow} was switched off."),
        _("Switch the flow on; people who enter from then on get its mails."),
    ),
    Reason.LEFT_BY_PLAN: Explanation(
        _("On this way through the plan the flow ends here."),
        _("Nothing to mend; look at the splits of the flow when somebody left whom you meant to keep."),
    ),
    Reason.NO_LONGER_FITS: Explanation(
        _("Not everything that {flow} asks is true of this person: {condition}."),
        _("Nothing to mend; change the conditions of the flow if they leave out people whom you meant."),
    ),
    Reason.ENROLLMENT_ENDED: Explanation(
        _("This run of {flow} ended at {at}: {cause}."),
        _("Nothing to mend."),
    ),
    Reason.REENTRY_TOO_SOON: Explanation(
        _("This person was in {flow} on {at}; the rule is once per {period}."),
        _("Change the re-entry rule of the flow if this is too strict."),
    ),
    Reason.SHADOW: Explanation(
        _("This flow runs in shadow: it only decides. The mail would have left at {at}."),
        _("Switch the flow on for real once its list is what you expect."),
    ),
    Reason.HELD_OUT: Explanation(
        _("This person is in the control group of {flow}, so that you see what the mails earn."),
        _("Make the control group smaller, or switch it off, in the flow."),
    ),
    Reason.ORDER_PAID: Explanation(
        _("The order was paid meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.ORDER_CANCELLED: Explanation(
        _("The order was cancelled meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.ORDER_REFUNDED: Explanation(
        _("Money was given back for the order."),
        _("Nothing to mend."),
    ),
    Reason.RETURN_OPENED: Explanation(
        _("Something of the order is to be sent back."),
        _("Nothing to mend."),
    ),
    Reason.COMPLAINT_OPEN: Explanation(
        _("This person complained, or gave a low score."),
        _("Solve what went wrong; that comes before any other mail."),
    ),
    Reason.ORDERED_AGAIN: Explanation(
        _("This person ordered again meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.BOUGHT_AGAIN: Explanation(
        _("This person bought it, or what goes with it, meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.REVIEWED: Explanation(
        _("This person wrote a review meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.ANSWERED: Explanation(
        _("This person answered meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.SHIPPED: Explanation(
        _("The order was shipped meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.ACCOUNT_MADE: Explanation(
        _("This person made an account meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.REDEEMED: Explanation(
        _("The code was used meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.CLICKED: Explanation(
        _("This person clicked in an earlier mail of this flow."),
        _("Nothing to mend."),
    ),
    Reason.ENGAGED: Explanation(
        _("This person showed a sign of life meanwhile."),
        _("Nothing to mend."),
    ),
    Reason.FEWER_ORDERS: Explanation(
        _("Too few orders of this person are left: others were refunded or cancelled."),
        _("Nothing to mend."),
    ),
    Reason.REPLIED: Explanation(
        _("This person replied to a mail of yours."),
        _("Answer the reply; the flow has stopped for this person."),
    ),
    Reason.TOLD_BY_APP: Explanation(
        _("Another app told what ends this flow for this person."),
        _("Nothing to mend."),
    ),
    Reason.LIFE_OVER: Explanation(
        _("What was bought must be used up long since."),
        _("Check how long the product lasts, on its page."),
    ),
    Reason.LANE_TAKEN: Explanation(
        _("This person is, or was lately, in another flow with the same aim."),
        _("Nothing to mend: one of such flows at a time is enough."),
    ),
    Reason.DUPLICATE_RUN: Explanation(
        _("The same mail already exists for this occasion: {message}."),
        _("Nothing to mend."),
    ),
    Reason.CAMPAIGN_STOPPED: Explanation(
        _("This one-off mail was stopped at {at}, before it was this person's turn."),
        _("Nothing to mend: who already got it does not get it again."),
    ),
    Reason.CAP: Explanation(
        _("This person has had {count} mails in {period}; this one waits until {until}."),
        _("Change the cap in the store's settings if this is too strict."),
    ),
    Reason.QUIET_HOURS: Explanation(
        _("It is night or Sunday for this person; the mail waits until {until}."),
        _("Change the quiet hours in the store's settings if they are too long."),
    ),
    Reason.WINDOW_SHUT: Explanation(
        _("It is outside the send window {window}; the mail waits until {until}."),
        _("Change the send window in the store's settings."),
    ),
    Reason.FEED_STALE: Explanation(
        _("The last news of orders is from {at}; the mail waits, for the basket may be bought."),
        _("Check the connection with your shop: its address, its keys and its webhooks."),
    ),
    Reason.PERSON_PAUSED: Explanation(
        _("This person asked for a pause until {until}."),
        _("Nothing to mend."),
    ),
    Reason.STORE_PAUSED: Explanation(
        _("Sending for {store} is paused since {at}: {cause}."),
        _("Look at the complaints and bounces on the status page before you resume."),
    ),
    Reason.CONNECTION_DOWN: Explanation(
        _("The mail connection of {store} does not answer since {at}; the mail waits."),
        _("Test the mail connection in the store's settings."),
    ),
    Reason.HOLD_RETURN: Explanation(
        _("A return of this person is open since {since}; promotions wait until it is closed."),
        _("Close the return in your shop, or lift the hold on the customer's page."),
    ),
    Reason.HOLD_COMPLAINT: Explanation(
        _("A complaint of this person is open since {since}; promotions wait until it is closed."),
        _("Solve the complaint, or lift the hold on the customer's page."),
    ),
    Reason.HOLD_DELAY: Explanation(
        _("An order of this person is late since {since}; promotions wait until it is shipped."),
        _("Ship the order, or lift the hold on the customer's page."),
    ),
    Reason.HOLD_SCORE: Explanation(
        _("This person gave a low score on {since}; promotions wait for a while."),
        _("Ask what went wrong; after that you may lift the hold on the customer's page."),
    ),
    Reason.STALE_RETURN: Explanation(
        _("A return of this person was open; after {valid_until} this mail made no sense."),
        _("Close returns in your shop as soon as they are settled."),
    ),
    Reason.STALE_COMPLAINT: Explanation(
        _("A complaint of this person was open; after {valid_until} this mail made no sense."),
        _("Nothing to mend: the complaint comes first."),
    ),
    Reason.STALE_DELAY: Explanation(
        _("An order of this person was late; after {valid_until} this mail made no sense."),
        _("Nothing to mend: the late order comes first."),
    ),
    Reason.STALE_SCORE: Explanation(
        _("This person had given a low score; after {valid_until} this mail made no sense."),
        _("Nothing to mend: what went wrong comes first."),
    ),
    Reason.STALE: Explanation(
        _("This mail was due at {due} and no longer made sense after {valid_until}."),
        _("If this happens often, look on the status page for what kept mail waiting."),
    ),
    Reason.STALE_CAPPED: Explanation(
        _("This person had had enough mail; after {valid_until} this one made no sense."),
        _("Change the cap or the order of your flows if this mail matters more."),
    ),
    Reason.STALE_FEED: Explanation(
        _("No news of orders came since {at}; after {valid_until} this mail made no sense."),
        _("Check the connection with your shop: its address, its keys and its webhooks."),
    ),
    Reason.EXPIRED: Explanation(
        _("What this mail offered ended at {at}."),
        _("Give the offer a later end, or send the mail sooner."),
    ),
    Reason.PRODUCT_EXCLUDED: Explanation(
        _("Everything in the basket is kept out of mails by you: {products}."),
        _("Open the product and take the tick away if it may be shown in a mail."),
    ),
    Reason.NOTHING_TO_REVIEW: Explanation(
        _("Nothing of what this person bought could be reviewed any more."),
        _("Nothing to mend: it was reviewed already, given back, or has no page to review it on."),
    ),
    Reason.NOTHING_TO_SUGGEST: Explanation(
        _("There was no product in stock that fits what this person bought."),
        _("Check the stock in your shop, and which products you keep out of mails."),
    ),
    Reason.NOTHING_TO_TELL: Explanation(
        _("What this mail is about was not there for this person: {detail}."),
        _("Fill it in, such as the instructions of a product, or choose another template."),
    ),
    Reason.OFFER_OFF: Explanation(
        _("The offer {offer} is not in use."),
        _("Switch the offer on if people should get it."),
    ),
    Reason.OFFER_NOT_POSSIBLE: Explanation(
        _("We cannot make codes in this shop."),
        _("Connect the shop on its page, with keys that may write."),
    ),
    Reason.OFFER_CURRENCY: Explanation(
        _("The offer {offer} counts in {currency}, and the shop in another currency."),
        _("Make an offer in the shop's own currency."),
    ),
    Reason.OFFER_GIVEN_RECENTLY: Explanation(
        _("This person was given an offer on {at}; you give one per {every} days at most."),
        _("Change the pause between offers in the store's settings if it is too long."),
    ),
    Reason.OFFER_NOT_FIRST_ORDER: Explanation(
        _("The offer {offer} is for first-time buyers, and this person ordered before."),
        _("Nothing to mend: give regular customers an offer of their own."),
    ),
    Reason.OFFER_BUDGET_USED: Explanation(
        _("This month's budget of the offer {offer} is used up."),
        _("Raise the budget of the offer, or wait for the next month."),
    ),
    Reason.OFFER_CODES_USED: Explanation(
        _("All codes of the offer {offer} are given away."),
        _("Raise the number of codes of the offer."),
    ),
    Reason.OFFER_FARMING: Explanation(
        _("This person seems to leave baskets in order to get codes."),
        _("Look at the baskets and codes of this person; codes older than a year no longer count."),
    ),
    Reason.OFFER_NOT_MADE: Explanation(
        _("The shop did not make the code for the offer {offer}."),
        _("Open the offer: it says what the shop answered."),
    ),
    Reason.TEMPLATE_ERROR: Explanation(
        _("The template {template} could not be filled in (line {line}): {detail}."),
        _("Open the template at that line, or go back to its earlier version."),
    ),
    Reason.TOO_LARGE: Explanation(
        _("The mail was {size} bytes; more than {limit} is cut off by Gmail."),
        _("Shorten the template or show fewer products."),
    ),
    Reason.ADDRESS_REJECTED: Explanation(
        _("The receiving server refused this address: {answer}."),
        _("Ask the customer for a working address."),
    ),
    Reason.REJECTED_BY_SERVER: Explanation(
        _("The mail server refused the mail: {answer}."),
        _("Check the sender address and the mail connection in the store's settings."),
    ),
    Reason.CRASHED_THREE_TIMES: Explanation(
        _("Making this mail failed three times and is not tried again: {detail}."),
        _("Preview {template} with this customer's data, or report it with this message's code."),
    ),
}
