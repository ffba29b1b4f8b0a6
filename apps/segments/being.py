"""What somebody is: what conditions about a state share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from apps.core.reasons import Reason
from apps.core.sql import Sql


@dataclass(frozen=True, slots=True)
class Being:
    """True or not of a person as they are now. `speaks_of_days`: it may become so by waiting."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    reason: ClassVar[Reason] = Reason.NO_LONGER_FITS
    in_runs_only: ClassVar[bool] = False
    speaks_of_days: ClassVar[bool] = False
    speaks_of_the_run: ClassVar[bool] = False

    def where(self) -> Sql:
        raise NotImplementedError

    def sentence(self) -> str:
        raise NotImplementedError
