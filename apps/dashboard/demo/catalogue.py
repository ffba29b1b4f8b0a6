"""What the demo shop sells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Product:
    """One thing on the shelf; the price is what the buyer pays, tax included."""

    id: int
    slug: str
    name: str
    price: Decimal
    category: str
    sku: str


PRODUCTS: Final = (
    Product(101, "theepot", "Theepot Bergeijk, 1,2 liter", Decimal("49.95"), "Theepotten", "POT-12"),
    Product(102, "earl-grey", "Earl Grey, blik 100 g", Decimal("11.50"), "Thee", "EARL-100"),
    Product(103, "sencha", "Sencha, biologisch, 100 g", Decimal("13.95"), "Thee", "SEN-100"),
    Product(104, "munt", "Verse munt, gedroogd, 60 g", Decimal("7.95"), "Thee", "MUNT-60"),
    Product(105, "rooibos", "Rooibos sinaasappel, 100 g", Decimal("9.95"), "Thee", "ROOI-100"),
    Product(106, "kopjes", "Kopjes & schotels, set van 2", Decimal("24.50"), "Servies", "KOP-2"),
    Product(107, "zeef", "Theezeef van roestvrij staal", Decimal("8.75"), "Servies", "ZEEF"),
    Product(108, "honing", "Lindehoning van de imker, 350 g", Decimal("8.50"), "Erbij", "HON-350"),
)
BY_ID: Final = {product.id: product for product in PRODUCTS}

SHIPPING: Final = Decimal("4.95")
FREE_FROM: Final = Decimal("50.00")
TAX: Final = Decimal("0.21")


def shipping(subtotal: Decimal) -> Decimal:
    """What sending a basket costs."""
    return Decimal("0.00") if subtotal >= FREE_FROM or not subtotal else SHIPPING


def picture(assets: str, product: Product) -> str:
    """Where its picture stands: our own file, served by this engine."""
    return f"{assets}/static/demo/{product.slug}.png"
