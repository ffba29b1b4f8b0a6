"""The page of recipes, read as whoever follows it would: what to post, what to import, what to write."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from config.defaults import ROOT
from tests.shopkeeping import ADA, Person, Shop
from tests.stories.otherapps import tells
from tests.stories.writing import publishes

PAGE = ROOT / "docs" / "recipes.md"
SECTION = re.compile(r"^## (?P<title>[^\n]+)\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"B(\d{2})")
BLOCK = re.compile(r"\{% block \w+ %\}")
LINK = re.compile(r"([^:%}\n]+): <(\{\{[^}]+\}\})>")


@dataclass(frozen=True)
class Written:
    """A mail as the page tells it: three lines of a heading, then paragraphs."""

    slug: str
    subject: str
    preheader: str
    paragraphs: tuple[str, ...]


@dataclass
class Recipe:
    """One section of the page."""

    title: str
    posts: list[dict[str, Any]] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    segments: list[dict[str, Any]] = field(default_factory=list)
    mails: list[Written] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        return [int(number) for number in NUMBER.findall(self.title)]

    def told(self, shop: Shop, person: Person = ADA, *, which: int = 0, **properties: Any) -> None:
        """What the other app posts, of this person, with other properties where the story has them."""
        post = json.loads(json.dumps(self.posts[which]).replace(ADA.email, person.email))
        for event in post.get("events", [post]):
            given = event.get("properties", {})
            given |= {name: value for name, value in properties.items() if name in given}
            if "id" in event:
                event["id"] += person.name
        assert tells(shop, post) == 202
        shop.world.travel(seconds=1)

    def made(self, shop: Shop) -> Recipe:
        """Everything on the page is in this shop, and on."""
        for segment in self.segments:
            _save_segment(shop, segment)
        for mail in self.mails:
            _publish(shop, mail)
        for text in self.flows:
            _switch_on(shop, text)
        return self


def recipes() -> list[Recipe]:
    """All of them, in the order of the page."""
    return [_recipe(found["title"], found["text"]) for found in SECTION.finditer(PAGE.read_text("utf-8"))]


def recipe(number: int) -> Recipe:
    (found,) = [one for one in recipes() if number in one.numbers]
    return found


def _recipe(title: str, text: str) -> Recipe:
    found = Recipe(title)
    for fence in FENCE.finditer(text):
        match fence["kind"]:
            case "json":
                found.posts.append(json.loads(fence["text"]))
            case "yaml" if fence["text"].startswith("segment:"):
                found.segments.append(yaml.safe_load(fence["text"]))
            case "yaml":
                found.flows.append(fence["text"])
            case "liquid":
                found.mails.append(_mail(fence["text"]))
            case kind:
                raise AssertionError(f"{title}: nobody knows what to do with {kind}")
    return found


def _mail(text: str) -> Written:
    heading, *paragraphs = text.strip().split("\n\n")
    said = dict(line.split(": ", 1) for line in heading.splitlines())
    return Written(said["Mail"], said["Subject"], said["Preheader"], tuple(paragraphs))


def _frame() -> str:
    intro = PAGE.read_text("utf-8").partition("\n## ")[0]
    (frame,) = [fence["text"] for fence in FENCE.finditer(intro)]
    return frame


def _publish(shop: Shop, mail: Written) -> None:
    """By the steps the page tells."""
    from apps.mail.blocks import Source

    page = "\n".join(_section(one) for one in mail.paragraphs)
    text = ["{% block greeting %}", *mail.paragraphs, "{% block signature %}", "{% block footer %}"]
    source = Source(
        subject=mail.subject,
        preheader=mail.preheader,
        mjml=_frame().replace("PIECE", page),
        text=LINK.sub(r"\1: \2", "\n\n".join(text)),
    )
    publishes(shop, mail.slug, source, "en")


def _section(paragraph: str) -> str:
    if BLOCK.fullmatch(paragraph):
        return paragraph
    words = LINK.sub(r'<a href="\2">\1</a>', paragraph)
    return f"<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"


def _save_segment(shop: Shop, plain: dict[str, Any]) -> None:
    from apps.segments import saving
    from apps.segments.models import Segment

    made = Segment.objects.create(store=shop.store, slug=plain["segment"], name=plain["name"])
    saving.save(made, plain["conditions"], shop.world.at)


def _switch_on(shop: Shop, text: str) -> None:
    from apps.flows import plans, publishing, yaml_io

    plans.forget()
    flow = publishing.save_draft(shop.store.pk, yaml_io.load(text))
    publishing.publish(flow, shop.world.at)
    publishing.go_live(flow, shop.world.at)
