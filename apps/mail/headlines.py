"""A mail's subject as an owner reads it in a list: words only, nothing of the template's own language."""

from __future__ import annotations

import re
from typing import Final

_CHOICE: Final = re.compile(r"{%-?\s*if\b.*?%}(?:(?!{%-?\s*if\b).)*?{%-?\s*else\s*-?%}", re.DOTALL)
"""From an `if` to its `else`: what stands behind it is said when nothing is known."""
_TAG: Final = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)
_VALUE: Final = re.compile(r"{{.*?}}", re.DOTALL)


def headline(subject: str) -> str:
    """The subject without its tags: of a choice the words that need no facts, and dots for what is filled in.

    For lists and headings; what somebody gets is shown by the preview.
    """
    words = _VALUE.sub("…", _TAG.sub("", _CHOICE.sub("", subject)))
    return " ".join(words.split())
