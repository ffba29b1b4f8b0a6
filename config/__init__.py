"""How the engine is put together."""
