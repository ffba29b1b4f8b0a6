"""What is wrong with a template, said so that the person who wrote it can mend it.

A problem is a code with values, so it survives the trip out of the sandbox as JSON and is put into
the reader's own language only when it is shown. Scenario 30 of the product page: the line is always
named.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from django.conf import settings
from django.utils.translation import gettext


def gettext_noop(sentence: str) -> str:
    """Marks for translation. Not Django's: that one wants settings, and the sandboxed child has
    none.
    """
    return sentence


Part = Literal["subject", "preheader", "mjml", "text"]

SENTENCES: dict[str, tuple[str, str]] = {
    "too_large": (
        gettext_noop("This part is %(size)s characters; at most %(limit)s fit."),
        gettext_noop("Shorten it, or move repeated pieces to a block."),
    ),
    "too_deep": (
        gettext_noop("Elements are nested more than %(limit)s deep."),
        gettext_noop("Close elements before opening the next one."),
    ),
    "not_mjml": (
        gettext_noop("The template must start with <mjml>."),
        gettext_noop("Begin with <mjml> and end with </mjml>."),
    ),
    "unclosed_tag": (
        gettext_noop("“%(what)s” is not closed."),
        gettext_noop("Close it on the same line."),
    ),
    "unclosed_element": (
        gettext_noop("<%(what)s> is not closed."),
        gettext_noop("Add </%(what)s>."),
    ),
    "stray_close": (
        gettext_noop("</%(what)s> closes nothing here; <%(open)s> is still open."),
        gettext_noop("Check the order in which elements are closed."),
    ),
    "unknown_element": (
        gettext_noop("<%(what)s> is not an element of MJML."),
        gettext_noop("Mistyped elements would vanish from the mail without a word."),
    ),
    "refused_element": (
        gettext_noop("<%(what)s> is not allowed in a mail."),
        gettext_noop("Leave it out; mail programs remove it or mistrust the mail."),
    ),
    "refused_attribute": (
        gettext_noop("The attribute “%(what)s” is not allowed."),
        gettext_noop("Mails cannot run scripts."),
    ),
    "raw_in_wrapper": (
        gettext_noop("Visible content in <mj-raw> inside <mj-wrapper> shows only in Outlook."),
        gettext_noop("Put it in <mj-text>."),
    ),
    "mjml": (
        gettext_noop("MJML cannot be read: %(reason)s"),
        gettext_noop("Check the element named."),
    ),
    "liquid": (
        gettext_noop("%(reason)s"),
        gettext_noop("Check the spelling of the tag; every {% if %} needs its {% endif %}."),
    ),
    "unknown_variable": (
        gettext_noop("“%(what)s” is not known."),
        gettext_noop("Did you mean “%(near)s”?"),
    ),
    "unknown_filter": (
        gettext_noop("There is no filter “%(what)s”."),
        gettext_noop("Known: %(known)s."),
    ),
    "unknown_block": (
        gettext_noop("There is no block “%(what)s”."),
        gettext_noop("Known: %(known)s."),
    ),
    "no_footer": (
        gettext_noop("The footer is missing."),
        gettext_noop("Add {% block footer %}: sender, address, reason and unsubscribe are required by law."),
    ),
    "link": (
        gettext_noop("The link “%(what)s” does not start with https:// or http://."),
        gettext_noop("Use a whole web address or a link of the mail, such as {{ links.restore }}."),
    ),
    "render": (
        gettext_noop("With %(variant)s: %(reason)s"),
        gettext_noop("Check what happens when data is missing."),
    ),
    "bare_greeting": (
        gettext_noop("With %(variant)s the mail says “%(what)s”."),
        gettext_noop("Use {% if person.first_name %} or the block greeting."),
    ),
    "html_size": (
        gettext_noop("The mail is %(size)s bytes; from %(limit)s on Gmail hides the unsubscribe link."),
        gettext_noop("Use fewer blocks."),
    ),
    "no_alt": (
        gettext_noop("An image has no alt text."),
        gettext_noop('Add alt="…", or alt="" for decoration.'),
    ),
    "contrast": (
        gettext_noop("“%(what)s” is hard to read: contrast %(ratio)s, at least 4.5 is needed."),
        gettext_noop("Choose a darker text or a lighter background."),
    ),
    "text_size": (
        gettext_noop("“%(what)s” is %(size)s px; at least 14 px can be read on a phone."),
        gettext_noop("Make it 14 px or larger."),
    ),
    "preheader_length": (
        gettext_noop("The preheader has %(size)s characters; 30 to 110 show well."),
        gettext_noop("Say what the reader gets by opening."),
    ),
    "preheader_repeats": (
        gettext_noop("The preheader repeats the subject."),
        gettext_noop("Let it add something."),
    ),
    "subject_length": (
        gettext_noop("The subject has %(size)s characters; up to 60 show on a phone."),
        gettext_noop("Put the important words first."),
    ),
    "no_subject": (gettext_noop("The subject is empty."), gettext_noop("Write one.")),
    "unresolved": (
        gettext_noop("“%(what)s” would stand in the mail as it is."),
        gettext_noop("Check the braces."),
    ),
    "banned_word": (
        gettext_noop("“%(what)s” pushes or blames the reader."),
        gettext_noop("A basket left behind is not a no; it is a not yet."),
    ),
    "shouting": (gettext_noop("“%(what)s” shouts."), gettext_noop("A calm sentence works better.")),
    "no_text_link": (
        gettext_noop("The text part has no link to go on with."),
        gettext_noop("Add the one of the button, such as {{ links.restore }}."),
    ),
    "too_slow": (
        gettext_noop("The template needs more than %(seconds)s seconds or %(memory)s MB."),
        gettext_noop("Remove loops inside loops and very long texts."),
    ),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding; errors block publishing, warnings show."""

    code: str
    level: Literal["error", "warning"] = "error"
    part: Part = "mjml"
    line: int = 1
    column: int = 1
    values: dict[str, str] = {}

    @property
    def message(self) -> str:
        return _filled(SENTENCES[self.code][0], self.values)

    @property
    def hint(self) -> str:
        return _filled(SENTENCES[self.code][1], self.values) if all(self.values.values()) else ""


class TemplateRefused(Exception):
    """The template cannot be used as it is; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.part}:{p.line}: {p.code} {p.values}" for p in problems))


def _filled(sentence: str, values: dict[str, str]) -> str:
    # Not `%`: Liquid's own {% … %} stands in some hints.
    text = gettext(sentence) if settings.configured else sentence
    for name, value in values.items():
        text = text.replace(f"%({name})s", value)
    return text


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
