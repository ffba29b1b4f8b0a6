"""The staff's own log names whom they looked at; it forgets with the rest."""

from __future__ import annotations

from apps.core import db
from apps.core.following import Erasing, Following, exporting, follow, staying

_OF = """content_type_id = (SELECT id FROM django_content_type WHERE app_label = 'customers' AND model = 'customer')"""


def _forget(who: Erasing) -> None:
    db.run(
        f"UPDATE django_admin_log SET object_repr = '' WHERE {_OF} AND object_id = ANY(%s::text[])",
        [[str(customer) for customer in who.customers]],
    )


follow(
    Following(
        model="admin.LogEntry",
        move=staying,
        export=exporting(
            "django_admin_log",
            "action_time, action_flag, object_repr",
            where=f"{_OF} AND object_id = %s::text",
            order="1, id",
        ),
        erase=_forget,
    )
)
