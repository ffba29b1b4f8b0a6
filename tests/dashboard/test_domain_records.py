"""A sender's domain is asked what it says of itself; a silence is no answer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from apps.dashboard.domain_records import Dkim, Dmarc, Records, Spf, look_up
from apps.dashboard.sender_domains import domain_of
from tests.dashboard.nameserver import DMARC, GOOD, KEY, SHOP, SPF, NameServer


def seen(names: NameServer, domain: str = SHOP, *, seconds: float = 3.0) -> Records:
    return look_up(domain, seconds=seconds, nameservers=names.address)


def test_a_domain_that_is_well(names: NameServer) -> None:
    names.zone |= GOOD | {SHOP: ["google-site-verification=abc", SPF], f"s1._domainkey.{SHOP}": [KEY]}

    found = seen(names)

    assert found == Records(spf=Spf.GOOD, dmarc=Dmarc.GOOD, policy="quarantine", dmarc_at=SHOP, dkim=Dkim.FOUND)
    assert found.complete


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], Spf.MISSING),
        (["v=spf10 -all", "spf2.0/pra ~all", "\u00a0v=spf1 -all"], Spf.MISSING),
        ([SPF, "v=spf1 a -all"], Spf.SEVERAL),
        (["v=spf1 a +all"], Spf.OPEN),
        (["V=SPF1 a ALL"], Spf.OPEN),
        (["v=spf1 a ~all +all"], Spf.GOOD),
        (["v=spf1 -all"], Spf.NOBODY),
        (["v=spf1"], Spf.NOBODY),
        (["v=spf1 exp=why.example ~all"], Spf.NOBODY),
        (["v=spf1 redirect=_spf.provider.example"], Spf.GOOD),
        (["v=spf1 ip4:192.0.2.1 ?all"], Spf.GOOD),
        # One record in two strings: they are joined as they stand.
        ([[b"v=spf1 include:spf.pro", b"vider.example +a", b"ll"]], Spf.OPEN),
    ],
)
def test_who_may_send(names: NameServer, records: list[Any], said: Spf) -> None:
    names.zone |= {f"www.{SHOP}": ["here"], **({SHOP: records} if records else {})}

    assert seen(names).spf is said


@pytest.mark.parametrize(
    ("records", "said", "policy"),
    [
        (["v=DMARC1; p=none"], Dmarc.GOOD, "none"),
        (["v=DMARC1;p=REJECT;pct=100"], Dmarc.GOOD, "reject"),
        (["v = DMARC1 ; p = none ;", "something else"], Dmarc.GOOD, "none"),
        (["v=DMARC1"], Dmarc.BROKEN, ""),
        (["v=DMARC1; p=perhaps"], Dmarc.BROKEN, ""),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], Dmarc.SEVERAL, ""),
        (["v=DMARC11; p=none", "p=none; v=DMARC1"], Dmarc.MISSING, ""),
    ],
)
def test_what_to_do_with_the_rest(names: NameServer, records: list[Any], said: Dmarc, policy: str) -> None:
    names.zone |= {SHOP: [SPF], f"_dmarc.{SHOP}": records}

    found = seen(names)

    assert (found.dmarc, found.policy) == (said, policy)


def test_a_subdomain_is_judged_by_its_parents_record(names: NameServer) -> None:
    names.zone |= GOOD | {f"mail.news.{SHOP}": [SPF]}
    names.zone[f"_dmarc.{SHOP}"] = ["v=DMARC1; p=none; sp=reject"]

    found = seen(names, f"mail.news.{SHOP}")

    assert (found.dmarc, found.policy, found.dmarc_at) == (Dmarc.GOOD, "reject", SHOP)
    assert "_dmarc.example" not in names.asked


def test_the_record_of_a_registry_is_nobodys_own(names: NameServer) -> None:
    names.zone |= {"shop.co.example": [SPF], "_dmarc.co.example": ["v=DMARC1; p=reject; psd=y"]}

    assert seen(names, "shop.co.example").dmarc is Dmarc.MISSING


def test_a_name_that_does_not_exist_is_asked_once(names: NameServer) -> None:
    assert seen(names) == Records(spf=Spf.NO_DOMAIN, dmarc=Dmarc.MISSING)
    assert names.asked == [SHOP, "."]


@pytest.mark.parametrize("zone", [{}, {f"www.{SHOP}": ["here"]}], ids=["no name", "no record"])
def test_a_resolver_that_denies_the_whole_world_says_nothing_of_a_domain(
    names: NameServer, zone: dict[str, Any]
) -> None:
    names.zone |= zone
    names.broken["."] = "NXDOMAIN"

    assert seen(names) == Records()


def test_a_silence_is_unknown_and_ends_in_time(names: NameServer) -> None:
    names.silent.add("*")
    begun = time.monotonic()

    assert seen(names, seconds=0.3) == Records()
    assert time.monotonic() - begun < 1


def test_half_an_answer_is_half_known(names: NameServer) -> None:
    names.zone |= {SHOP: ["no SPF here"]}
    names.silent.add(f"_dmarc.{SHOP}")

    found = seen(names, seconds=0.3)

    assert (found.spf, found.dmarc, found.complete) == (Spf.MISSING, Dmarc.UNKNOWN, False)


@pytest.mark.parametrize("how", ["SERVFAIL", "REFUSED", "truncated", "nonsense"])
def test_a_name_server_in_trouble_says_nothing_of_the_domain(names: NameServer, how: str) -> None:
    names.zone |= GOOD
    names.broken |= {SHOP: how, f"_dmarc.{SHOP}": how}

    assert seen(names, seconds=0.3) == Records()


def test_hostile_records_are_only_text(names: NameServer) -> None:
    names.zone |= GOOD
    names.zone[SHOP] = ['"v=spf1 +all"', [b"\xff\xfe\x00<script>", b"\x80" * 255], "x" * 600, SPF]
    names.zone[f"_dmarc.{SHOP}"] = [[b"v=DMARC1; p=\xc3\xab<b>none"]]
    names.zone[f"default._domainkey.{SHOP}"] = ["v=DKIM1; p="]

    found = seen(names)

    assert (found.spf, found.dmarc, found.policy, found.dkim) == (Spf.GOOD, Dmarc.BROKEN, "", Dkim.UNKNOWN)


def test_an_international_name_is_asked_as_it_stands_in_dns(names: NameServer) -> None:
    names.zone |= {"xn--tpott-nsa.example": [SPF], "_dmarc.xn--tepott-dua.example": [DMARC]}

    assert seen(names, "Tëpott.example").spf is Spf.GOOD
    assert domain_of("Hallo@Tëpott.example") == "xn--tpott-nsa.example"


@pytest.mark.parametrize(
    "domain", ["", "nl", "a..b", "x" * 64 + ".example", ".".join(["x" * 60] * 5), "-\u2488.example"]
)
def test_what_is_no_domain_is_not_asked(names: NameServer, domain: str) -> None:
    assert seen(names, domain) == Records()
    assert names.asked == []


def test_signing_is_guessed_with_few_questions(names: NameServer) -> None:
    names.zone |= GOOD
    seen(names)
    assert names.asked == [SHOP, f"_dmarc.{SHOP}", f"_domainkey.{SHOP}"]

    names.zone[f"secret._domainkey.{SHOP}"] = [KEY]
    names.asked.clear()
    assert seen(names).dkim is Dkim.UNKNOWN
    assert len([name for name in names.asked if "_domainkey" in name]) == 8
