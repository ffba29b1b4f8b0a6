"""Letters parse back equal, without a defect, whatever stands in them."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.mail import blocks
from apps.mail.addresses import AddressRefused, address, mailbox
from apps.mail.compiling import compile_here
from apps.mail.headers import Origin, headers
from apps.mail.letters import Letter
from apps.mail.names import clean
from apps.mail.rendering import render
from apps.mail.samples import variants

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ORIGIN = Origin(
    store="st-1",
    flow="abandoned-checkout",
    kind="marketing",
    sender="mandje",
    domain="shop.example",
)
ANY = st.text(st.characters(codec="utf-8"), max_size=120)
WRITTEN = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=400)


def letter(**changes: object) -> Letter:
    given_ = {
        "sender": mailbox("Molenzicht", "post@shop.example"),
        "reply_to": mailbox("Sanne", "sanne@shop.example"),
        "to": "ada@example.org",
        "subject": "Je winkelmandje staat nog voor je klaar",
        "text": "Hallo Ada\n",
        "html": "<p>Hallo Ada</p>\n",
        "headers": headers(
            "m-1",
            origin=ORIGIN,
            at=AT,
            unsubscribe="https://m.example/u/x",
            unsubscribe_mailbox="u@shop.example",
        ),
    }
    return Letter(**{**given_, **changes})


def parsed(wire: bytes):
    message = message_from_bytes(wire, policy=policy.default)
    for part in message.walk():
        assert part.defects == []
        assert all(not value.defects for value in part.values() if hasattr(value, "defects"))
    return message


def content(part) -> str:
    return part.get_payload(decode=True).decode()


def test_the_headers_of_a_mail_of_ours():
    message = parsed(letter().as_bytes())

    assert message["Message-ID"] == "<m-1@shop.example>"
    assert message["List-Unsubscribe"] == "<https://m.example/u/x>, <mailto:u@shop.example?subject=unsubscribe-m-1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["List-Id"] == "<abandoned-checkout.st-1.shop.example>"
    assert message["Feedback-ID"] == "abandoned-checkout:st-1:marketing:mandje"
    assert message["Precedence"] is None
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert len(message["To"].addresses) == 1
    assert len(set(map(str.lower, message.keys()))) == len(message.keys())


@pytest.mark.parametrize("locale", blocks.LOCALES)
@pytest.mark.parametrize("mail", blocks.mails("abandoned-checkout"))
def test_shipped_mails_come_back_as_written(mail, locale):
    compiled = compile_here(blocks.load("abandoned-checkout", mail, locale), locale)

    for context in variants(locale).values():
        shown = render(compiled, context)
        wire = letter(subject=shown.subject, text=shown.text, html=shown.html, quoted_html=shown.quoted_html).as_bytes()
        text, page = parsed(wire).iter_parts()
        assert content(text).replace("\r\n", "\n") == shown.text
        assert content(page).replace("\r\n", "\n") == shown.html
        assert max(map(len, wire.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 76
        assert b"\n." not in wire
        assert b"\n" not in wire.replace(b"\r\n", b"")


@given(ANY, ANY, WRITTEN, WRITTEN)
@settings(max_examples=400, deadline=None)
def test_any_words_parse_back_equal(subject, name, text, page):
    plain = letter(
        subject=subject,
        sender=mailbox(name, "post@shop.example"),
        text=text,
        html=page,
        headers={"X-Name": name},
    )
    wire = plain.as_bytes()
    message = message_from_bytes(wire, policy=policy.default)

    assert list(message) == [
        "From",
        "To",
        "Reply-To",
        "Subject",
        "X-Name",
        "MIME-Version",
        "Content-Type",
    ]
    assert message["Subject"] == clean(subject, 400)
    assert message["From"].addresses[0].addr_spec == "post@shop.example"
    shown = message["From"].addresses[0].display_name
    whole = clean(name.replace("@", " "), 70)
    assert shown == whole or (whole.startswith(shown) and len(whole.encode()) > 45)
    one, two = message.iter_parts()
    assert content(one).replace("\r\n", "\n") == text
    assert content(two).replace("\r\n", "\n") == page
    assert max(map(len, wire.split(b"\r\n"))) <= 998
    assert b"\n." not in wire


@given(st.sampled_from(["From", "Subject", "To", "X-Own", "List-Id"]), ANY)
@settings(max_examples=200, deadline=None)
def test_no_value_can_add_a_header(name, value):
    wire = letter(headers={name: value + "\r\nBcc: eve@evil.example\n\nbody", "X-Last": "x"}).as_bytes()
    message = message_from_bytes(wire, policy=policy.default)

    assert message["Bcc"] is None
    assert message["X-Last"] == "x"
    assert len(message.get_all("From")) == len(message.get_all("Subject")) == len(message.get_all("To")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@x.example",
        "a@b",
        "ada@x.example, eve@y.example",
        "ada@x.example\r\nBcc: e@y.example",
        "a b@x.example",
        "<ada@x.example>",
        "ada@x..example",
        "ada@-x.example",
        'a"b@x.example',
        "a..b@x.example",
        "a" * 65 + "@x.example",
    ],
)
def test_only_one_plain_address_is_an_address(text):
    with pytest.raises(AddressRefused) as caught:
        address(text)
    assert "x.example" not in str(caught.value)


def test_foreign_domains_travel_as_dns_knows_them():
    assert address("ada@bücher.example") == "ada@xn--bcher-kva.example"
    assert not letter(to="ada@bücher.example").as_bytes().count("ü".encode())
    assert letter(to="ädä@x.example").needs_smtputf8


def test_a_display_name_cannot_pose_as_an_address():
    message = parsed(letter(sender=mailbox("bank@bank.example", "post@shop.example")).as_bytes())

    assert "@" not in message["From"].addresses[0].display_name


def test_every_attempt_writes_the_same_bytes():
    assert letter().as_bytes() == letter().as_bytes()
