"""Replaying a shop's own past through flows: the same engine, the same gate, a travelling clock, nothing written."""
