from __future__ import annotations

import re
from datetime import timedelta

import pytest
from babel.messages import pofile
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import override

from apps.tracking import words
from apps.tracking.models import Click
from tests.tracking.mails import ADA, BASKET, KETTLE, open_shop

pytestmark = pytest.mark.django_db

PAYLOADS = [
    *(
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
    ),
    *(
        "https:evil.example",
        "https:/evil.example",
        "http://evil.example",
        "https://evil.example/%2f..",
    ),
    *("//evil.example/%2e%2e", "//evil%E3%80%82example", "/%5cevil.example", "%2f%2fevil.example"),
    *(
        "https://theepot.example@evil.example",
        "https://theepot.example.evil.example",
        "//google%00.com",
    ),
    *(
        "javascript:alert(1)",
        "java%0d%0ascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///x",
    ),
    *(
        "https://evil.example#theepot.example",
        "?https://evil.example",
        "%0d%0aLocation:%20//evil.example",
    ),
    *(
        "〱evil.example",
        "//evil。example",
        "http:\\\\evil.example",
        "//[::1]/",
        "ftp://evil.example",
    ),
]
NAMES = ["url", "next", "to", "target", "redirect", "u", "r", "return", "goto", "continue"]
REFUSED = [
    *("javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "ftp://theepot.example/x"),
    *(
        "https://theepot.example@evil.example/",
        "/cart",
        "mailto:x@example.org",
        "https://",
        "",
    ),
]


def everything(shop, phone):
    """Each answer these addresses can give."""
    mail = shop.sends()
    old = shop.sends(ago=timedelta(days=40))
    return {
        "leave": phone.get(mail.leave()),
        "left": phone.post(mail.leave()),
        "restore": phone.get(mail.restore()),
        "click": phone.get(mail.click()),
        "expired": phone.get(old.restore()),
        "unknown": phone.get("/u/forged"),
        "refused": phone.put(mail.leave()),
    }


def test_no_answer_tells_who_was_written_to_or_sets_a_cookie(shop, phone):
    for name, answer in everything(shop, phone).items():
        said = (answer.content + str(answer.headers).encode()).decode().lower()
        for secret in (ADA, "ada", "lovelace", "example.org", bytes(shop.ada.address_hash).hex()):
            assert secret not in said, name
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


def test_every_answer_is_strict(shop, phone):
    for name, answer in everything(shop, phone).items():
        policy = answer["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'"), name
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"].startswith("noindex")
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_only_the_page_with_a_button_may_be_sent(shop, phone):
    pages = everything(shop, phone)

    assert "form-action 'self'" in pages["leave"]["Content-Security-Policy"]
    assert "form-action 'none'" in pages["left"]["Content-Security-Policy"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_the_address_changes_where_a_link_leads(shop, phone, payload):
    link = shop.sends().click(1)

    for name in NAMES:
        assert phone.get(link, {name: payload})["Location"] == KETTLE
    for path in (f"/r/{payload}", f"{link}/{payload}", f"/r/{payload}{link[3:]}"):
        answer = phone.get(path)
        assert answer.get("Location", KETTLE) == KETTLE
        assert answer.status_code in (302, 404)


@pytest.mark.parametrize("target", REFUSED)
def test_a_target_that_is_no_web_address_is_never_led_to(shop, phone, target):
    from apps.mail.models import Letter

    mail = shop.sends()
    Letter.objects.update(targets=[target.replace("", "")])

    answer = phone.get(mail.click(0))

    assert answer.status_code == 404
    assert "Location" not in answer


def test_a_target_with_other_letters_is_written_as_an_address(shop, phone):
    mail = shop.sends(targets=["https://theepot.example/thee/crème brûlée/"])

    found = phone.get(mail.click(0))["Location"]

    assert found == "https://theepot.example/thee/cr%C3%A8me%20br%C3%BBl%C3%A9e/"


@pytest.mark.usefixtures("dutch")
@pytest.mark.parametrize(
    ("locale", "said", "unsaid"),
    [
        ("nl", ["Geen mail meer?", "je krijgt", "Afmelden"], r"\b(u|uw)\b"),
        ("nl-u", ["Geen mail meer?", "u krijgt", "Afmelden"], r"\b(je|jij|jouw)\b"),
        ("en", ["No more emails?", "you get"], r"\b(je|u|krijgt)\b"),
        ("fr", ["No more emails?", "you get"], r"\b(je|u|krijgt)\b"),
    ],
)
def test_a_page_speaks_as_its_letter_did(shop, phone, locale, said, unsaid):
    answer = phone.get(shop.sends(locale=locale).leave())
    page = answer.content.decode()

    assert f'<html lang="{locale[:2] if locale != "fr" else "en"}">' in page
    assert all(text in page for text in said)
    assert not re.search(unsaid, re.sub(r"<[^>]+>|:root.*?}", " ", page))


@pytest.mark.usefixtures("dutch")
def test_without_its_letter_a_page_speaks_as_the_shop_does(phone):
    formal = open_shop(language="nl", formality="u")
    mail = formal.sends()
    link = mail.leave()
    mail.message.delete()

    assert "U bent afgemeld" in phone.post(link).content.decode()


def test_every_sentence_stands_in_the_dutch_catalogue():
    with open(settings.BASE_DIR / "locale" / "parts" / "tracking.nl.po", "rb") as text:
        catalogue = pofile.read_po(text)

    for page in (words.LEAVE, words.LEFT, words.EXPIRED):
        for name in page.__dataclass_fields__:
            sentence = getattr(page, name)
            if isinstance(sentence, Promise):
                context = "u" if name.startswith("polite") else None
                with override("en"):
                    found = catalogue.get(str(sentence), context=context)
                assert found is not None, (sentence, context)
                assert found.string


def test_a_shop_name_is_only_ever_text(phone):
    shop = open_shop('<script>alert("{shop}")</script>')

    page = phone.get(shop.sends().leave()).content.decode()

    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("colour", ["", "red;}body{display:none", "#12", "#7a2f4b", "#fff"])
def test_only_a_colour_reaches_the_style(shop, phone, colour):
    shop.store.profile = {"colour": colour}
    shop.store.save()

    page = phone.get(shop.sends().leave()).content.decode()

    style = re.findall(r"<style>(.*?)</style>", page)
    assert len(style) == 1
    assert re.fullmatch(r":root\{(--[a-z-]+:#[0-9a-f]{6};?){4}\}", style[0])
    assert "--day:#ffffff" not in style[0]


def test_a_click_names_its_mail_and_link(shop, phone):
    mail = shop.sends()
    phone.get(mail.restore())

    assert str(Click.objects.get()) == f"{mail.message.pk}/0"
    assert phone.get(mail.restore())["Location"] == BASKET
