"""Migrations of the registry, applied by the holder of the lock."""
