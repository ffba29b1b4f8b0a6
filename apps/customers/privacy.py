"""Requests about one person's data, from the platform or the owner."""
