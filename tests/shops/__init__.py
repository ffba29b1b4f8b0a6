"""Shops that behave as their platforms are documented to, on loopback, and misbehave on request."""
