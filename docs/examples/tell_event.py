"""Tells Mandje that something happened to a customer: python tell_event.py ADDRESS SECRET"""

import base64, hashlib, hmac, json, sys, time, urllib.request, uuid


def tell(address: str, secret: str, event: dict) -> dict:
    body = json.dumps(event).encode()
    number, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
    with urllib.request.urlopen(urllib.request.Request(address, body, headers, method="POST")) as answer:
        return json.load(answer)


if __name__ == "__main__":
    print(
        tell(
            sys.argv[1],
            sys.argv[2],
            {"kind": "ticket.closed", "email": "ada@shopper.example", "properties": {"subject": "Lamp", "days": 2}},
        )
    )
