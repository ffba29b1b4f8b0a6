"""What the sample shop sells and says, per language."""

from __future__ import annotations

LINES = {
    "nl": (
        ("Linnen theedoek – set van 3 (naturel)", ("Naturel",), "1", "24.95"),
        ("Koffiemok steengoed 300 ml | handgedraaid", ("Zeegroen",), "2", "17.50"),
        ("Olijfhouten snijplank", ("Middel",), "1", "39.00"),
    ),
    "en": (
        ("Linen tea towel – set of 3 (natural)", ("Natural",), "1", "24.95"),
        ("Stoneware mug 300 ml | hand thrown", ("Sea green",), "2", "17.50"),
        ("Olive wood board", ("Medium",), "1", "39.00"),
    ),
}

WORDS = {
    "nl": {
        "hours": "ma t/m vr 9.00-17.00 uur",
        "reply_time": "binnen één werkdag",
        "delivery": "Voor 17.00 uur besteld, morgen in huis.",
        "warranty": "Twee jaar garantie op alles wat we maken.",
        "safety": "Veilig betalen; gegevens gaan nooit naar anderen.",
        "return_note": "Retour is gratis.",
        "reason": "omdat een bestelling bij ons is begonnen en hiervoor toestemming is gegeven",
        "brand": "Alles komt van één molen, al drie generaties lang.",
        "value": "Met de hand gemaakt, om jaren te blijven.",
        "service": "Vragen? Sanne en Bram denken graag mee.",
        "pay_later": "Achteraf betalen kan ook, binnen 14 dagen.",
        "guide_title": "Servies kiezen dat past",
        "help_line": "Bij een grotere bestelling kijken we graag even mee.",
    },
    "en": {
        "hours": "Mon to Fri 9:00-17:00",
        "reply_time": "within one working day",
        "delivery": "Ordered before 17:00, delivered tomorrow.",
        "warranty": "Two years of warranty on everything we make.",
        "safety": "Pay safely; details are never passed on.",
        "return_note": "Returns are free.",
        "reason": "because an order was started with us and permission was given for this",
        "brand": "Everything comes from one mill, for three generations.",
        "value": "Made by hand, to last for years.",
        "service": "Questions? Sanne and Bram are glad to think along.",
        "pay_later": "You can also pay within 14 days of delivery.",
        "guide_title": "How to choose tableware that fits",
        "help_line": "With a larger order we are glad to have a look with you.",
    },
}


THINGS = {
    "nl": (("Theedoek van halflinnen", "18.50", "4.6", 38), ("Schenkkan 1 liter", "42.00", "4.8", 112),
           ("Onderzetters – set van 6", "14.95", None, 0)),
    "en": (("Half-linen tea towel", "18.50", "4.6", 38), ("Jug 1 litre", "42.00", "4.8", 112),
           ("Coasters – set of 6", "14.95", None, 0)),
}  # fmt: skip
HOW_TO = {
    "nl": "Was de doek de eerste keer op 40 graden. Daarna neemt hij water beter op.",
    "en": "Wash the towel at 40 degrees the first time. After that it takes up water better.",
}
ASKED = {
    "nl": ("Hoe tevreden ben je?", ("Heel tevreden", "Gaat wel", "Niet tevreden")),
    "nl-u": ("Hoe tevreden bent u?", ("Heel tevreden", "Gaat wel", "Niet tevreden")),
    "en": ("How satisfied are you?", ("Very satisfied", "It was all right", "Not satisfied")),
}
