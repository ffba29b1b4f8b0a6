"""What the engine costs, each row beside its peer in the same run: `make bench`."""
