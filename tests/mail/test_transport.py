"""What a mail server does, and what we make of it: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import pytest

from apps.mail.transport import (
    Accepted,
    Down,
    Later,
    MisconfiguredTransport,
    Parcel,
    Rejected,
    SmtpTransport,
    Unknown,
    Url,
    classify,
    make_transport,
)
from tests.invariants.receivers import CUT, Good, Moody

WIRE = b"Subject: Hello\r\nMessage-ID: <1@x>\r\n\r\n.leading dot\r\n..two\r\nEnd\r\n"
PIPELINING = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "stepwise"])


def parcel(number: int = 1) -> Parcel:
    return Parcel(message_id=number, uid=str(number), sender="shop@molen.example", to="ada@shopper.example", wire=WIRE)


def through(server: Moody | Good, url: str = "") -> SmtpTransport:
    return SmtpTransport(Url.parse(url or server.url))


def test_a_real_server_gets_the_bytes_as_they_are() -> None:
    with Good() as server:
        transport = through(server)
        outcomes = [transport.deliver(parcel(number)) for number in range(3)]
        transport.close()

    assert [type(one) for one in outcomes] == [Accepted] * 3
    assert [mail.wire for mail in server.taken] == [WIRE] * 3
    assert [mail.to for mail in server.taken] == [["ada@shopper.example"]] * 3


@PIPELINING
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [("450 4.2.0 greylisted", Later), ("452 4.3.1 full", Later), ("550 5.7.1 not wanted", Rejected)],
)
def test_a_definite_answer_at_any_step_is_believed_and_the_next_mail_goes(
    step: str, answer: str, kind: type, pipelining: bool
) -> None:
    with Moody(pipelining=pipelining, **{step: [answer, "ok"]}) as server:
        transport = through(server)
        first, second = transport.deliver(parcel(1)), transport.deliver(parcel(2))
        transport.close()

    assert (type(first), type(second)) == (kind, Accepted)
    assert first.response == answer
    assert len(server.taken) == 1


@PIPELINING
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_after_which_the_server_hangs_up_is_still_a_refusal(step: str, pipelining: bool) -> None:
    with Moody(pipelining=pipelining, **{step: ["421 4.7.0 too much, closing", "ok"]}) as server:
        transport = through(server)
        first, second = transport.deliver(parcel(1)), transport.deliver(parcel(2))
        transport.close()

    assert (type(first), type(second)) == (Later, Accepted)
    assert len(server.taken) == 1


@PIPELINING
@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_cut_before_the_body_means_nothing_left(step: str, pipelining: bool) -> None:
    with Moody(pipelining=pipelining, **{step: [CUT]}) as server:
        outcome = through(server).deliver(parcel())

    assert isinstance(outcome, Down)
    assert server.bodies == []


@PIPELINING
def test_a_cut_after_the_body_is_unknown_and_not_sent_again(pipelining: bool) -> None:
    with Moody(pipelining=pipelining, BODY=[CUT, "ok"]) as server:
        outcome = through(server).deliver(parcel())

    assert isinstance(outcome, Unknown)
    assert len(server.bodies) == 1


def test_a_kept_connection_that_was_dropped_is_made_anew_once() -> None:
    with Moody(MAIL=["ok", CUT, "ok"]) as server:
        transport = through(server)
        outcomes = [transport.deliver(parcel(number)) for number in range(2)]
        transport.close()

    assert [type(one) for one in outcomes] == [Accepted, Accepted]
    assert server.turns["CONNECT"] == 2


def test_a_wrong_password_is_the_connections_fault_and_is_not_repeated_in_words() -> None:
    with Moody(AUTH=["535 5.7.8 bad credentials"]) as server:
        outcome = through(server, server.url.replace("smtp://", "smtp://ada:s3cret@")).deliver(parcel())

    assert isinstance(outcome, Down)
    assert "s3cret" not in outcome.response
    assert server.bodies == []


def test_nobody_listening_is_down() -> None:
    with Moody() as server:
        url = server.url

    assert isinstance(SmtpTransport(Url.parse(url)).deliver(parcel()), Down)


@pytest.mark.parametrize(
    ("code", "text", "dead"),
    [
        (550, "5.1.1 no such user", True),
        (550, "5.1.10 null mx", True),
        (550, "5.2.1 mailbox disabled", True),
        (550, "Requested action not taken: mailbox unavailable", True),
        (550, "5.7.1 rejected by policy", False),
        (550, "5.7.26 unauthenticated", False),
        (552, "5.3.4 message too big", False),
        (552, "5.2.2 mailbox full", False),
        (554, "5.7.1 spam", False),
        (550, "blocked, see http://x.example", False),
    ],
)
def test_only_a_dead_address_is_the_addresss_fault(code: int, text: str, dead: bool) -> None:
    """F25: policy and size say nothing about the person."""
    outcome = classify(code, text)

    assert isinstance(outcome, Rejected)
    assert outcome.dead_address is dead


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
def test_a_four_hundred_is_later(code: int) -> None:
    assert isinstance(classify(code, "4.7.1 try again"), Later)


def test_an_unknown_scheme_lists_the_known_and_tells_no_secret() -> None:
    with pytest.raises(MisconfiguredTransport) as refused:
        make_transport("smtpx://ada:s3cret@mail.example")

    assert "smtp" in str(refused.value)
    assert "s3cret" not in str(refused.value)
