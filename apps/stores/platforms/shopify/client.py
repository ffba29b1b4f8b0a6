"""Asking a shop's Admin API: one question, its answer, and what the shop says about both.

ShopifyAPI's own client has no time-out, prints what went wrong and keeps keys in its classes (shopify.md 13): this one
knows one shop, for as long as a call takes.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from apps.stores import network
from apps.stores.errors import AccessRefused, AnswerUnreadable, ShopClosed, ShopTrouble, ShopUnreachable
from apps.stores.platforms.calling import Access, Finding
from apps.stores.platforms.shopify.address import base_of
from apps.stores.platforms.shopify.refusals import denial, plain, raise_for_code, refused
from apps.stores.platforms.shopify.tokens import Keys
from apps.stores.troubles import Trouble

API_VERSION: Final = "2026-10"
"""Of all we ask, and of the webhooks we read. Quarterly; each is answered for at least a year (shopify.md 8)."""
if not re.fullmatch(r"\d{4}-(01|04|07|10)", API_VERSION):
    raise ValueError(f"no version of Shopify's API: {API_VERSION}")

LONGEST_WAIT: Final = 10.0
TIMES_THROTTLED: Final = 4
_CLOSED: Final = frozenset({402, 423})
_SLOWER: Final = frozenset({429, 430})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The data of one question; what the app may not see is null in it, and said in `denied`."""

    data: Mapping[str, Any]
    denied: tuple[Finding, ...] = ()
    at: datetime | None = None
    """The shop's own clock."""

    def __getitem__(self, name: str) -> Any:
        return self.data.get(name)


@dataclass(slots=True)
class Bucket:
    """What is left of the points a shop gives us (shopify.md 8)."""

    left: float = 1_000.0
    restore: float = 100.0
    dearest: float = 0.0
    seen: float = field(default_factory=time.monotonic)

    def note(self, cost: Mapping[str, Any]) -> None:
        status = cost.get("throttleStatus") or {}
        self.left = float(status.get("currentlyAvailable", self.left))
        self.restore = float(status.get("restoreRate") or self.restore)
        self.dearest = float(cost.get("requestedQueryCost") or 0)
        self.seen = time.monotonic()

    def short(self) -> float:
        """How long until a question like the last one can be paid for, in seconds."""
        now = self.left + (time.monotonic() - self.seen) * self.restore
        return max(0.0, (self.dearest - now) / self.restore)


class Client:
    """Speaks with one shop. Shows none of its keys."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.base = base_of(access)
        self._session = network.session(loopback=access.loopback)
        self._keys = Keys(access, self._session)
        self._bucket = Bucket()
        self.noticed: dict[tuple[Trouble, str], Finding] = {}
        """What the shop said about the API itself while we asked."""

    def __repr__(self) -> str:
        return f"<Client of {self.base}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    @property
    def access(self) -> Access:
        return self._access

    def ask(self, question: str, **variables: Any) -> Answered:
        """Read something; tried again when the shop could not answer. Raises ShopTrouble."""
        return network.patiently(lambda: self._unthrottled(question, variables), tries=2, longest=LONGEST_WAIT)

    def change(self, mutation: str, **variables: Any) -> Answered:
        """Change something. What may have been done already is never repeated by itself. Raises ShopTrouble."""
        return _after_refusals(lambda: self._unthrottled(mutation, variables))

    def _unthrottled(self, question: str, variables: Mapping[str, Any]) -> Answered:
        """Throttled is HTTP 200 and nothing done: wait until the points are there, and ask again."""
        for _ in range(TIMES_THROTTLED):
            self._wait(self._bucket.short())
            answer = self._with_a_living_token(question, variables)
            if not _throttled(answer):
                return self._read(answer)
        raise ShopUnreachable(Trouble.TOO_MANY_REQUESTS, host=self._host, retry_after=timedelta(minutes=1))

    def _wait(self, seconds: float) -> None:
        if seconds > network.left(LONGEST_WAIT, self._host):
            raise ShopUnreachable(
                Trouble.TOO_MANY_REQUESTS, host=self._host, retry_after=timedelta(seconds=min(seconds, 3600))
            )
        if seconds > 0:
            # A little more or less, so that workers who were refused together do not come back together.
            time.sleep(seconds + random.uniform(0, 0.1))  # noqa: S311  no secret

    def _with_a_living_token(self, question: str, variables: Mapping[str, Any]) -> network.Answer:
        token = self._keys.current()
        answer = self._post(question, variables, token)
        if answer.status == 401 and (newer := self._keys.renewed(token)):
            answer = self._post(question, variables, newer)
        if answer.status == 401:
            raise AccessRefused(Trouble.KEYS_REFUSED, host=self._host)
        return answer

    def _post(self, question: str, variables: Mapping[str, Any], token: str) -> network.Answer:
        answer = network.ask(
            self._session,
            "POST",
            f"{self.base}/admin/api/{API_VERSION}/graphql.json",
            loopback=self._access.loopback,
            seconds=network.READ_SECONDS,
            json={"query": question, "variables": dict(variables)},
            headers={"X-Shopify-Access-Token": token, "Accept": "application/json"},
        )
        if answer.status != 401:
            _raise_for_status(answer)
            self._bucket.note(_cost(answer))
        return answer

    def _read(self, answer: network.Answer) -> Answered:
        self._notice(answer.headers)
        body = answer.json()
        errors = body.get("errors") or []
        if isinstance(errors, str):
            raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail=plain(errors))
        errors = [one if isinstance(one, dict) else {"message": str(one)} for one in errors]
        for error in errors:
            raise_for_code(error, host=answer.host)
        data = body.get("data")
        denied = tuple({repr(one): one for one in map(denial, errors)}.values())
        if isinstance(data, dict) and (not denied or any(value is not None for value in data.values())):
            return Answered(data=data, denied=denied, at=answer.told_at)
        if denied:
            raise refused(denied[0])
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail="no data")

    def _notice(self, headers: Mapping[str, str]) -> None:
        got = headers.get("x-shopify-api-version", API_VERSION)
        if got != API_VERSION:
            self._keep(Trouble.API_VERSION_FELL_BACK, got, {"asked": API_VERSION, "got": got[:20]})
        if reason := headers.get("x-shopify-api-deprecated-reason", ""):
            self._keep(Trouble.API_DEPRECATED, reason, {"detail": plain(reason)})

    def _keep(self, trouble: Trouble, of: str, values: Mapping[str, str]) -> None:
        self.noticed[trouble, of] = Finding(trouble=trouble, values=values)

    @property
    def _host(self) -> str:
        return self.base.partition("://")[2]


@contextmanager
def asking(access: Access) -> Iterator[Client]:
    """A client for as long as a task takes. An answer of another shape than Shopify's is a trouble like any other."""
    with Client(access) as client:
        try:
            yield client
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            host = urlsplit(client.base).hostname or ""
            raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=host, detail=type(error).__name__) from error


def _after_refusals(attempt: Callable[[], Answered]) -> Answered:
    """Again only after a plain refusal to listen: then nothing was done."""
    try:
        return attempt()
    except ShopTrouble as trouble:
        wait = trouble.retry_after
        if trouble.trouble is not Trouble.TOO_MANY_REQUESTS or wait is None or wait.total_seconds() > LONGEST_WAIT:
            raise
        time.sleep(wait.total_seconds())
    return attempt()


def _raise_for_status(answer: network.Answer) -> None:
    if answer.status in _CLOSED:
        raise ShopClosed(Trouble.SHOP_CLOSED, host=answer.host, platform="Shopify")
    if answer.status in _SLOWER:
        raise ShopUnreachable(
            Trouble.TOO_MANY_REQUESTS, host=answer.host, retry_after=network.retry_after(answer.headers)
        )
    network.raise_for_status(answer)
    if answer.status == 404:
        raise AnswerUnreadable(Trouble.NO_API_HERE, host=answer.host, platform="Shopify")
    if answer.status == 403:
        raise refused(denial({"message": answer.body[:2000].decode("utf-8", "replace")}))
    if answer.status != 200:
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail=f"HTTP {answer.status}")
    if not isinstance(answer.json(), dict):
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, host=answer.host, detail="no object")


def _cost(answer: network.Answer) -> Mapping[str, Any]:
    extensions = answer.json().get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    return cost if isinstance(cost, dict) else {}


def _throttled(answer: network.Answer) -> bool:
    errors = answer.json().get("errors")
    return isinstance(errors, list) and any(
        isinstance(one, dict) and (one.get("extensions") or {}).get("code") == "THROTTLED" for one in errors
    )
