"""What can be wrong between a shop and us: a closed list, each with a sentence and a mend for the owner.

The codes are stored and never change meaning. Whoever finds a new trouble adds it here, with its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Explanation


class Trouble(StrEnum):
    """The code of a trouble."""

    # Nobody answers.
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    TOO_MANY_REQUESTS = "too_many_requests"
    SHOP_ERROR = "shop_error"
    # Something else answers.
    NOT_JSON = "not_json"
    REDIRECTED = "redirected"
    CUT_OFF = "cut_off"
    TOO_LARGE = "too_large"
    UNEXPECTED_ANSWER = "unexpected_answer"
    NO_API_HERE = "no_api_here"
    # The keys.
    NO_KEYS = "no_keys"
    KEYS_REFUSED = "keys_refused"
    KEYS_READ_ONLY = "keys_read_only"
    SCOPE_MISSING = "scope_missing"
    PROTECTED_DATA = "protected_data"
    OTHER_ORGANISATION = "other_organisation"
    APP_NOT_INSTALLED = "app_not_installed"
    # The shop.
    SHOP_CLOSED = "shop_closed"
    UNINSTALLED = "uninstalled"
    WRONG_SHOP = "wrong_shop"
    OLD_VERSION = "old_version"
    API_VERSION_FELL_BACK = "api_version_fell_back"
    API_DEPRECATED = "api_deprecated"
    CLOCK_DIFFERS = "clock_differs"
    PLAIN_PERMALINKS = "plain_permalinks"
    # Where it lives.
    ADDRESS_FORBIDDEN = "address_forbidden"
    NOT_HTTPS = "not_https"
    # Our webhooks and plugin.
    HOOK_MISSING = "hook_missing"
    HOOK_DISABLED = "hook_disabled"
    HOOK_CHANGED = "hook_changed"
    HOOK_REFUSED = "hook_refused"
    COMPANION_MISSING = "companion_missing"
    COMPANION_OLD = "companion_old"
    COMPANION_SILENT = "companion_silent"
    # The platform's own mail.
    OWN_RECOVERY_MAIL = "own_recovery_mail"
    OWN_REVIEW_MAIL = "own_review_mail"
    OWN_RECOVERY_UNKNOWN = "own_recovery_unknown"
    # Codes.
    CODE_TAKEN = "code_taken"
    CODE_DIFFERS = "code_differs"
    CODE_REFUSED = "code_refused"
    CODE_UNFINISHED = "code_unfinished"
    # What we tell it.
    CONSENT_REFUSED = "consent_refused"
    # What it shows us only in part.
    OLD_ORDERS_HIDDEN = "old_orders_hidden"
    LINKS_WILL_END = "links_will_end"
    LINKS_ENDED = "links_ended"
    CREDIT_IN_DOUBT = "credit_in_doubt"
    NOT_OFFERED = "not_offered"


def explain(code: Trouble | str, values: Mapping[str, object]) -> tuple[str, str]:
    """The sentence and the mend of a trouble, in the active language. A value that was not kept shows as "…"."""
    explanation = EXPLANATIONS[Trouble(code)]
    known = _Known({name: str(value) for name, value in values.items()})
    return str(explanation.sentence).format_map(known), str(explanation.mend).format_map(known)


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


_WAIT: Final = _("Nothing to do: we ask again by ourselves. Basket mail waits meanwhile.")
_ASK_HOST: Final = _("If this lasts, ask the shop's host whether its firewall blocks our address.")

EXPLANATIONS: Final[dict[Trouble, Explanation]] = {
    Trouble.UNREACHABLE: Explanation(_("The shop at {host} did not answer."), _WAIT),
    Trouble.TIMED_OUT: Explanation(_("The shop at {host} took longer than {seconds} seconds to answer."), _WAIT),
    Trouble.TOO_MANY_REQUESTS: Explanation(_("The shop asked us to slow down."), _WAIT),
    Trouble.SHOP_ERROR: Explanation(_("The shop answered with an error of its own ({status})."), _WAIT),
    Trouble.NOT_JSON: Explanation(
        _("Instead of data the shop answered with a web page, perhaps a login or a maintenance page."), _ASK_HOST
    ),
    Trouble.REDIRECTED: Explanation(
        _("The shop sent us on to another address ({to})."),
        _("Enter the shop's final address, as it stands in the browser's bar, in the store's settings."),
    ),
    Trouble.CUT_OFF: Explanation(_("The shop's answer broke off half way."), _WAIT),
    Trouble.TOO_LARGE: Explanation(
        _("The shop's answer was larger than {limit} MB."),
        _("Nothing to do: we ask for smaller pieces."),
    ),
    Trouble.UNEXPECTED_ANSWER: Explanation(
        _("The shop answered with something we do not know ({detail})."),
        _("Update Mandje; if it stays, report it with the line above."),
    ),
    Trouble.NO_API_HERE: Explanation(
        _("At {host} there is no {platform} to be found."),
        _("Check the shop's address; in WordPress, check that WooCommerce is active."),
    ),
    Trouble.NO_KEYS: Explanation(
        _("We have no keys of this shop, so we only hear what its webhooks tell."),
        _("Connect the shop on its page."),
    ),
    Trouble.KEYS_REFUSED: Explanation(
        _("The shop refused our keys; perhaps they were revoked."),
        _("Connect the shop again on its page. Until then basket mail waits."),
    ),
    Trouble.KEYS_READ_ONLY: Explanation(
        _("Our key may read but not write, so webhooks and codes cannot be made."),
        _("Make a key with read and write permission, or approve the connection again."),
    ),
    Trouble.SCOPE_MISSING: Explanation(
        _("The app lacks the permission {scope}."),
        _("Add it to the app's scopes at Shopify, release the version and install it again."),
    ),
    Trouble.PROTECTED_DATA: Explanation(
        _("The app may not see {what}: protected customer data is not switched on."),
        _("In the Dev Dashboard open the app, API access, Protected customer data, and switch on all four fields."),
    ),
    Trouble.OTHER_ORGANISATION: Explanation(
        _("The app and the shop belong to different organisations, so its keys do not open this shop."),
        _("Make the app in the shop's own organisation, or use the agency route."),
    ),
    Trouble.APP_NOT_INSTALLED: Explanation(
        _("The app is not installed in this shop."),
        _("Install the app in the shop, then press Check again."),
    ),
    Trouble.SHOP_CLOSED: Explanation(
        _("The shop is paused or locked by {platform}."),
        _("Nothing is sent while the shop is closed; everything is kept."),
    ),
    Trouble.UNINSTALLED: Explanation(
        _("The app was removed from the shop."), _("Nothing is sent any more. Connect the shop again to go on.")
    ),
    Trouble.WRONG_SHOP: Explanation(
        _("These keys open {found}, not {expected}."), _("Check the address and the keys; one of them is another's.")
    ),
    Trouble.OLD_VERSION: Explanation(
        _("The shop runs {platform} {version}; we need {needed} or newer."), _("Update {platform} in the shop.")
    ),
    Trouble.API_VERSION_FELL_BACK: Explanation(
        _("We asked for API version {asked}, and the shop answered with {got}."),
        _("Set the app's webhook version to {asked} and update Mandje."),
    ),
    Trouble.API_DEPRECATED: Explanation(
        _("The shop warns that something we ask for will go: {detail}."), _("Update Mandje before that day.")
    ),
    Trouble.CLOCK_DIFFERS: Explanation(
        _("The shop's clock differs {seconds} seconds from ours."),
        _("Ask the shop's host to set its clock; signatures of the plugin need it right within five minutes."),
    ),
    Trouble.PLAIN_PERMALINKS: Explanation(
        _("The shop uses plain permalinks: its API is hard to reach, and links back to a basket may fail."),
        _("In WordPress open Settings, Permalinks and choose any other form."),
    ),
    Trouble.ADDRESS_FORBIDDEN: Explanation(
        _("The address {host} leads into a private network, where we never go."), _("Enter the shop's public address.")
    ),
    Trouble.NOT_HTTPS: Explanation(
        _("The shop's address does not begin with https, so keys would travel in the open."),
        _("Give the shop a certificate and enter its https address."),
    ),
    Trouble.HOOK_MISSING: Explanation(
        _("The webhook for {topic} was gone."), _("Nothing to do: it was made anew and missed news was fetched.")
    ),
    Trouble.HOOK_DISABLED: Explanation(
        _("The shop had switched off the webhook for {topic} after failed deliveries."),
        _("It was made anew. If it comes back, the shop cannot reach {address}: ask its host."),
    ),
    Trouble.HOOK_CHANGED: Explanation(
        _("Somebody changed the webhook for {topic}."), _("Nothing to do: it was put back as it was.")
    ),
    Trouble.HOOK_REFUSED: Explanation(
        _("The shop refuses the webhook for {topic}: {detail}."),
        _("Check the permissions of the key or app; without this webhook we hear of it only when we ask."),
    ),
    Trouble.COMPANION_MISSING: Explanation(
        _("The Mandje plugin is not active in the shop, so baskets are seen only once they are unpaid orders."),
        _("Download the plugin on this page and upload it in WordPress under Plugins, Add New."),
    ),
    Trouble.COMPANION_OLD: Explanation(
        _("The shop runs version {version} of the plugin; {newest} is the newest."),
        _("Update it in WordPress under Plugins."),
    ),
    Trouble.COMPANION_SILENT: Explanation(
        _("The plugin is active but could not reach us: {detail}."),
        _("Check that {address} can be reached from the shop's server."),
    ),
    Trouble.OWN_RECOVERY_MAIL: Explanation(
        _("The shop sends its own mail about baskets left behind as well: people would get two."),
        _("Switch it off: {path}."),
    ),
    Trouble.OWN_REVIEW_MAIL: Explanation(
        _("The shop asks for reviews by its own mail as well."), _("Switch one of the two off: {path}.")
    ),
    Trouble.OWN_RECOVERY_UNKNOWN: Explanation(
        _("{platform} does not say whether its own mail about baskets left behind is on."),
        _("Look under {path}, switch it off, and tick that you did."),
    ),
    Trouble.CODE_TAKEN: Explanation(_("The code was in use already."), _("Nothing to do: another one is made.")),
    Trouble.CODE_DIFFERS: Explanation(
        _("The shop made the code with another {field} than we asked, so it was deleted."),
        _("A plugin in the shop changes coupons; ask whoever looks after it."),
    ),
    Trouble.CODE_REFUSED: Explanation(
        _("The shop refused the code: {detail}."), _("Check the offer's amount, products and end date.")
    ),
    Trouble.CODE_UNFINISHED: Explanation(
        _("The shop is still making the code."), _("Nothing to do: the mail goes without an offer if it takes long.")
    ),
    Trouble.CREDIT_IN_DOUBT: Explanation(
        _("It is not known whether the shop gave the credit; it is money, so we did not ask twice."),
        _("Look at the customer's credit in the shop, and give it there if it is missing."),
    ),
    Trouble.CONSENT_REFUSED: Explanation(
        _("The shop did not take over what a person told us about marketing mail: {detail}."),
        _("Nothing to do: what the person told us stands here, and we go by it."),
    ),
    Trouble.OLD_ORDERS_HIDDEN: Explanation(
        _("The app sees no orders older than 60 days, because it lacks the permission {scope}."),
        _("Ask Shopify for it in the app's settings if the older ones matter; nothing else depends on it."),
    ),
    Trouble.LINKS_WILL_END: Explanation(
        _("From {date} Shopify gives no links back to a checkout to apps that may not see {fields}."),
        _("Switch on all four in the Dev Dashboard; without them mails lead to a basket filled anew."),
    ),
    Trouble.LINKS_ENDED: Explanation(
        _("Shopify gives us no links back to a checkout, because the app may not see {fields}."),
        _("Switch on all four in the Dev Dashboard; until then mails lead to a basket filled anew."),
    ),
    Trouble.NOT_OFFERED: Explanation(
        _("{platform} cannot do this: {what}."), _("Choose something this platform can do.")
    ),
}
