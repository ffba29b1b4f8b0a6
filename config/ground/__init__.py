"""The ground the engine stands on: its own PostgreSQL and Redis, when none are given."""
