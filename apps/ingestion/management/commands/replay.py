"""Post recorded deliveries once more: `replay fixtures/woocommerce --to URL --shift-to-now`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, no_translations

from apps.core import clock
from apps.ingestion.posting import NobodyAnswers
from apps.ingestion.recordings import Recording, RecordingRefused, read_all, shifted_to
from apps.ingestion.replaying import Destination, NoAddress, destination, replay
from apps.stores.commanding import StoreCommand


class Command(StoreCommand):
    help = "Signs and posts recorded deliveries as the platform would; one line each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, help="*.http.json, DELIVERIES.json or folders")
        parser.add_argument("--to", help="webhook address or store key; not needed with one store")
        parser.add_argument("--secret", help="sign with this instead of the store's newest secret")
        parser.add_argument(
            "--shift-to-now",
            action="store_true",
            help="move all times by one amount, so that the newest is now",
        )
        parser.add_argument(
            "--speed",
            type=float,
            default=0.0,
            help="0: at once (default); 1: as they came; 60: a minute a second",
        )

    @no_translations
    def handle(self, *args: Any, files: list[Path], speed: float, **options: Any) -> None:
        at = clock.now()
        if speed < 0:
            raise CommandError(f"--speed: expected 0 or more; got {speed}")
        try:
            recordings = read_all(files)
            to = destination(options["to"], options["secret"], at)
        except (RecordingRefused, NoAddress) as error:
            raise CommandError(str(error)) from None
        if options["shift_to_now"]:
            recordings = shifted_to(recordings, at)
        self._post(recordings, to, speed)

    def _post(self, recordings: list[Recording], to: Destination, speed: float) -> None:
        refused = 0
        try:
            for recording, status in replay(recordings, to, speed=speed):
                self.stdout.write(f"{recording.name} {recording.topic or 'ping'} {status}")
                refused += status != 200
        except NobodyAnswers as silent:
            raise CommandError(f"{to.url}: nobody answers ({silent})") from None
        if refused:
            raise CommandError(f"{refused} of {len(recordings)} were not taken in")
