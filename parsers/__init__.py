"""Bytes in, values out: mail, documents, recognition, facts, grouping, and their sandbox."""
