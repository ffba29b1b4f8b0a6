"""The words of a start."""

from __future__ import annotations

# How the preparation hands its link to the supervisor.
LINK = "link="
DEMO = """
  Drie dingen om te proberen / three things to try:
  1. Kijk een minuut mee: mandje, mail, bestelling.   Watch for a minute: basket, mail, order.
  2. Druk op "Een dag verder".                        Press "A day further".
  3. Vraag "Waarom kreeg Ben niets?".                 Ask "Why did Ben get nothing?".
"""
EMPTY = """
  Nog leeg: sluit een winkel aan.                     Still empty: connect a shop.
  python manage.py add_store --help
"""


def welcome(link: str, *, demo: bool, seconds: float) -> str:
    """What is printed once the web answers."""
    way_in = f"  {link}\n" if link else ""
    return (
        f"\n  Mandje draait / is running ({seconds:.1f} s). Ctrl-C stopt / stops.\n\n{way_in}{DEMO if demo else EMPTY}"
    )
