"""Calls for submissions, one TOML file each."""
