"""Tell Mandje about one basket. Needs Python and nothing else.

python tell_mandje.py https://mail.example.com/webhooks/generic/STORE_KEY/ SECRET ada@shopper.example
"""

import base64, hashlib, hmac, json, sys, time, urllib.request, uuid
from datetime import datetime, timezone

address, secret, email = sys.argv[1:4]
now = datetime.now(timezone.utc).isoformat()
message = {
    "type": "basket.updated",
    "timestamp": now,
    "data": {
        "id": "basket-1",
        "updated_at": now,
        "reached_checkout": True,
        "person": {"email": email, "first_name": "Ada", "language": "nl", "country": "NL"},
        "consent": {"state": "granted", "at": now, "source": "checkout box"},
        "lines": [{"title": "Theepot", "product_id": "101", "quantity": 1, "unit_price": "49.95"}],
        "sums": {"currency": "EUR", "subtotal": "49.95", "shipping": "4.95", "total": "54.90"},
    },
}
body = json.dumps(message).encode()
message_id, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
signature = base64.b64encode(hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)).decode()
headers = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
print(urllib.request.urlopen(urllib.request.Request(address, body, headers)).read().decode())
