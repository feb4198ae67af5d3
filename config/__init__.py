"""Settings, read once, and calls for submissions as data."""
