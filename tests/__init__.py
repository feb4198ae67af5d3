"""Tests: one file per module, and acceptance stories that run the real service."""
