"""See your own shop: an address is typed, and the basket mail stands there in that shop's own look. Nothing is kept."""
