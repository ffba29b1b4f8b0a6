"""django-post_office sending the same mail: `python -m tests.benchmarks.postoffice COUNT SUBJECT TEXT HTML`.

Every mail is queued by `mail.send` with its finished texts (no rendering is counted against it) and sent by its own
`send_queued_mail_until_done`, with its default batch and threads.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from post_office import mail  # noqa: E402
from post_office.mail import send_queued_mail_until_done  # noqa: E402


def main() -> None:
    logging.disable(logging.INFO)
    count, folder = int(sys.argv[1]), Path(sys.argv[2])
    text, html = (folder / "text").read_text(), (folder / "html").read_text()
    call_command("migrate", "post_office", verbosity=0)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        mail.send(
            [f"ada{number}@shopper.test"],
            "Molenzicht <post@molenzicht.test>",
            subject=f"Ada{number}, je mandje staat klaar",
            message=text.replace("Ada0", f"Ada{number}"),
            html_message=html.replace("Ada0", f"Ada{number}"),
            headers={"Auto-Submitted": "auto-generated", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        )
    print("queued", flush=True)
    send_queued_mail_until_done(lockfile=str(Path(tempfile.mkdtemp()) / "lock"))
    print("done", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
