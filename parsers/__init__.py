"""Bytes in, values out: mail, archives, documents, recognition, facts, grouping, and the sandbox around them."""
