"""What we ask of a Shopify shop, word for word.

Valid against the Admin schema of `client.API_VERSION` and free of fields marked deprecated there; the pretended
shop of the tests holds the part of that schema that stands here. `userErrors` are always asked for: they are how a
mutation refuses at HTTP 200 (shopify.md 8).
"""

from __future__ import annotations

from typing import Final

_MONEY: Final = "{ presentmentMoney { amount currencyCode } }"
_PLACE: Final = "{ firstName lastName countryCodeV2 }"
_TURN: Final = "pageInfo { hasNextPage endCursor }"
_WRONG: Final = "userErrors { field message }"
_WRONG_CODED: Final = "userErrors { field message code }"

_WHO: Final = "id firstName lastName defaultEmailAddress { emailAddress } defaultAddress { countryCodeV2 }"

ORDER_LINE: Final = f"""
  id name title variantTitle sku quantity isGiftCard
  product {{ id }} variant {{ id }}
  originalUnitPriceSet {_MONEY}
  discountAllocations {{ allocatedAmountSet {_MONEY} }}
  customAttributes {{ key value }}"""

# Refunds are asked by their total: a bulk operation takes no connection inside a list.
ORDER: Final = f"""
  id name email createdAt updatedAt processedAt cancelledAt test
  checkoutToken cartToken customerLocale customerAcceptsMarketing
  displayFinancialStatus displayFulfillmentStatus
  currencyCode presentmentCurrencyCode
  totalPriceSet {_MONEY}
  subtotalPriceSet {_MONEY}
  totalDiscountsSet {_MONEY}
  totalTaxSet {_MONEY}
  totalShippingPriceSet {_MONEY}
  discountCodes paymentGatewayNames
  customAttributes {{ key value }}
  customerJourneySummary {{ lastVisit {{ landingPage }} }}
  customer {{ {_WHO} }}
  shippingAddress {_PLACE}
  billingAddress {_PLACE}
  refunds {{ id createdAt processedAt totalRefundedSet {_MONEY} }}
  fulfillments {{ status createdAt }}"""

CUSTOMER: Final = """
  id firstName lastName createdAt updatedAt state verifiedEmail
  defaultEmailAddress { emailAddress marketingState marketingOptInLevel marketingUpdatedAt }
  defaultAddress { firstName lastName countryCodeV2 }"""

VARIANT: Final = "id title price compareAtPrice updatedAt inventoryPolicy inventoryQuantity"

_PICTURE: Final = "{ preview { image { url } } }"

PRODUCT: Final = f"""
  id title handle status productType vendor tags updatedAt publishedAt
  category {{ name }}
  featuredMedia {_PICTURE}
  rating: metafield(namespace: "reviews", key: "rating") {{ value }}
  ratingCount: metafield(namespace: "reviews", key: "rating_count") {{ value }}"""

BASKET_LINE: Final = f"""
  title variantTitle sku quantity
  product {{ id isGiftCard }} variant {{ id }}
  originalUnitPriceSet {_MONEY}
  discountedTotalPriceSet {_MONEY}
  customAttributes {{ key value }}"""

BASKET: Final = f"""
  id name createdAt updatedAt completedAt
  totalPriceSet {_MONEY}
  subtotalPriceSet {_MONEY}
  totalDiscountSet {_MONEY}
  totalTaxSet {_MONEY}
  customer {{ {_WHO} }}
  shippingAddress {_PLACE}
  billingAddress {_PLACE}"""

_ORDER_NODE: Final = f"{ORDER}\n  lineItems(first: $lines) {{ nodes {{ {ORDER_LINE} }} {_TURN} }}"
_VARIANT_NODES: Final = f"nodes {{ {VARIANT} media(first: 1) {{ nodes {_PICTURE} }} }}"
_PRODUCT_NODE: Final = f"{PRODUCT}\n  variants(first: $lines) {{ {_VARIANT_NODES} {_TURN} }}"
_BASKET_NODE: Final = f"{BASKET}\n  lineItems(first: $lines) {{ nodes {{ {BASKET_LINE} }} {_TURN} }}"

# --- what changed since ---

ORDERS: Final = f"""
query Orders($first: Int!, $after: String, $query: String, $lines: Int!) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{ nodes {{ {_ORDER_NODE} }} {_TURN} }}
}}"""

CUSTOMERS: Final = f"""
query Customers($first: Int!, $after: String, $query: String) {{
  customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{ nodes {{ {CUSTOMER} }} {_TURN} }}
}}"""

PRODUCTS: Final = f"""
query Products($first: Int!, $after: String, $query: String, $lines: Int!) {{
  products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{ nodes {{ {_PRODUCT_NODE} }} {_TURN} }}
}}"""

# Abandoned checkouts cannot be sorted by their last change (shopify.md 6).
BASKETS: Final = f"""
query Baskets($first: Int!, $after: String, $query: String, $lines: Int!) {{
  abandonedCheckouts(first: $first, after: $after, query: $query, sortKey: CREATED_AT) {{
    nodes {{ {_BASKET_NODE} }} {_TURN}
  }}
}}"""

# Apart from the rest: without protected data the shop refuses the link, and a refusal empties what stands around it.
BASKET_LINKS: Final = """
query BasketLinks($first: Int!, $after: String, $query: String) {
  abandonedCheckouts(first: $first, after: $after, query: $query, sortKey: CREATED_AT) {
    nodes { id abandonedCheckoutUrl }
  }
}"""

# --- one thing ---

ORDER_BY_ID: Final = f"query Order($id: ID!, $lines: Int!) {{ order(id: $id) {{ {_ORDER_NODE} }} }}"
CUSTOMER_BY_ID: Final = f"query Customer($id: ID!) {{ customer(id: $id) {{ {CUSTOMER} }} }}"
PRODUCT_BY_ID: Final = f"query Product($id: ID!, $lines: Int!) {{ product(id: $id) {{ {_PRODUCT_NODE} }} }}"

MORE_ORDER_LINES: Final = f"""
query MoreOrderLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: 100, after: $after) {{ nodes {{ {ORDER_LINE} }} {_TURN} }} }}
}}"""

MORE_VARIANTS: Final = f"""
query MoreVariants($id: ID!, $after: String) {{
  product(id: $id) {{ variants(first: 100, after: $after) {{ {_VARIANT_NODES} {_TURN} }} }}
}}"""

# --- years of it ---

BULK_ORDERS: Final = f"""
{{ orders(query: "%s") {{ edges {{ node {{ __typename {ORDER}
  lineItems {{ edges {{ node {{ __typename {ORDER_LINE} }} }} }} }} }} }} }}"""

BULK_CUSTOMERS: Final = f'{{ customers(query: "%s") {{ edges {{ node {{ __typename {CUSTOMER} }} }} }} }}'

BULK_PRODUCTS: Final = f"""
{{ products(query: "%s") {{ edges {{ node {{ __typename {PRODUCT}
  variants {{ edges {{ node {{ __typename {VARIANT} }} }} }} }} }} }} }}"""

BULK_RUN: Final = f"""
mutation BulkRun($query: String!) {{
  bulkOperationRunQuery(query: $query, groupObjects: true) {{ bulkOperation {{ id status }} {_WRONG_CODED} }}
}}"""

BULK_STATE: Final = """
query BulkState($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount url partialDataUrl }
}"""

# --- the shop, our webhooks ---

SHOP: Final = """
query Shop {
  shop {
    id name myshopifyDomain currencyCode ianaTimezone url
    primaryDomain { host } shopAddress { countryCodeV2 } plan { publicDisplayName }
  }
  currentAppInstallation { accessScopes { handle } }
}"""

# Each of these may be refused by itself: a permission that is only of use.
LANGUAGES: Final = "query Languages { shopLocales(published: true) { locale primary } }"
DOMAINS: Final = "query Domains { webPresences(first: 50) { nodes { domain { host } } } }"
PROTECTED: Final = """
query Protected {
  customers(first: 1) { nodes { id firstName defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber }
    defaultAddress { address1 } } }
}"""
RECOVERY_LINK: Final = "query RecoveryLink { abandonedCheckouts(first: 1) { nodes { abandonedCheckoutUrl } } }"
OWN_MAIL: Final = """
query OwnMail($query: String) {
  abandonedCheckouts(first: 1, query: $query) { nodes { id createdAt } }
}"""

HOOKS: Final = f"""
query Hooks($after: String) {{
  webhookSubscriptions(first: 100, after: $after) {{
    nodes {{ id topic uri format filter includeFields apiVersion {{ handle }} }} {_TURN}
  }}
}}"""

HOOK_CREATE: Final = f"""
mutation HookCreate($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {{
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {{
    webhookSubscription {{ id topic uri apiVersion {{ handle }} }} {_WRONG}
  }}
}}"""

HOOK_UPDATE: Final = f"""
mutation HookUpdate($id: ID!, $hook: WebhookSubscriptionInput!) {{
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $hook) {{ webhookSubscription {{ id topic uri }} {_WRONG} }}
}}"""

# --- codes and credit ---

_COMBINES: Final = "combinesWith { orderDiscounts productDiscounts shippingDiscounts }"
_LEAST: Final = """minimumRequirement {
      ... on DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount currencyCode } } }"""
_MADE: Final = f"""codeDiscountNode {{ id codeDiscount {{
    ... on DiscountCodeBasic {{
      startsAt endsAt usageLimit {_COMBINES} {_LEAST}
      customerGets {{
        value {{
          ... on DiscountPercentage {{ percentage }}
          ... on DiscountAmount {{ amount {{ amount currencyCode }} appliesOnEachItem }}
        }}
        items {{
          ... on AllDiscountItems {{ allItems }}
          ... on DiscountProducts {{ products(first: 250) {{ nodes {{ id }} }} }}
        }}
      }}
      codes(first: 1) {{ nodes {{ id code }} }}
    }}
    ... on DiscountCodeFreeShipping {{
      startsAt endsAt usageLimit {_COMBINES} {_LEAST}
      codes(first: 1) {{ nodes {{ id code }} }}
    }}
  }} }}"""

PARENT_CREATE: Final = f"""
mutation ParentCreate($discount: DiscountCodeBasicInput!) {{
  discountCodeBasicCreate(basicCodeDiscount: $discount) {{ {_MADE} {_WRONG_CODED} }}
}}"""

FREE_SHIPPING_CREATE: Final = f"""
mutation FreeShippingCreate($discount: DiscountCodeFreeShippingInput!) {{
  discountCodeFreeShippingCreate(freeShippingCodeDiscount: $discount) {{ {_MADE} {_WRONG_CODED} }}
}}"""

PARENT_DELETE: Final = f"""
mutation ParentDelete($id: ID!) {{ discountCodeDelete(id: $id) {{ deletedCodeDiscountId {_WRONG_CODED} }} }}"""

CODES_ADD: Final = f"""
mutation CodesAdd($discount: ID!, $codes: [DiscountRedeemCodeInput!]!) {{
  discountRedeemCodeBulkAdd(discountId: $discount, codes: $codes) {{ bulkCreation {{ id }} {_WRONG_CODED} }}
}}"""

CODES_STATE: Final = f"""
query CodesState($id: ID!, $after: String) {{
  discountRedeemCodeBulkCreation(id: $id) {{
    done importedCount failedCount
    discountCode {{ id }}
    codes(first: 250, after: $after) {{
      nodes {{ code discountRedeemCode {{ id }} errors {{ message code }} }} {_TURN}
    }}
  }}
}}"""

CODES_DELETE: Final = f"""
mutation CodesDelete($discount: ID!, $ids: [ID!]) {{
  discountCodeRedeemCodeBulkDelete(discountId: $discount, ids: $ids) {{ job {{ id done }} {_WRONG_CODED} }}
}}"""

CODE_BY_NAME: Final = "query CodeByName($code: String!) { codeDiscountNodeByCode(code: $code) { id } }"

DEAREST: Final = (
    "query Dearest($id: ID!) { product(id: $id) { priceRangeV2 { maxVariantPrice { amount currencyCode } } } }"
)

CREDIT: Final = f"""
mutation Credit($id: ID!, $credit: StoreCreditAccountCreditInput!) {{
  storeCreditAccountCredit(id: $id, creditInput: $credit) {{
    storeCreditAccountTransaction {{ id amount {{ amount currencyCode }} expiresAt account {{ id }} }} {_WRONG_CODED}
  }}
}}"""

CREDITS_GIVEN: Final = """
query CreditsGiven($id: ID!) {
  customer(id: $id) {
    storeCreditAccounts(first: 10) {
      nodes {
        id
        transactions(first: 30, reverse: true, sortKey: CREATED_AT) {
          nodes {
            ... on StoreCreditAccountCreditTransaction { id createdAt expiresAt amount { amount currencyCode } }
          }
        }
      }
    }
  }
}"""

# --- consent ---

_CONSENT: Final = "id defaultEmailAddress { emailAddress marketingState marketingOptInLevel marketingUpdatedAt }"

CONSENT_BY_ID: Final = f"query ConsentById($id: ID!) {{ customer(id: $id) {{ {_CONSENT} }} }}"

CONSENT_BY_EMAIL: Final = f"""
query ConsentByEmail($email: String!) {{
  customerByIdentifier(identifier: {{ emailAddress: $email }}) {{ {_CONSENT} }}
}}"""

CONSENT_UPDATE: Final = f"""
mutation ConsentUpdate($input: CustomerEmailMarketingConsentUpdateInput!) {{
  customerEmailMarketingConsentUpdate(input: $input) {{ customer {{ {_CONSENT} }} {_WRONG_CODED} }}
}}"""
