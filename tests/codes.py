"""Organisation codes, old and new, made by the standards' own words, not by the product's code."""

from __future__ import annotations

from hypothesis import strategies as st

LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The alphabet of GB 32100-2015: no I, O, S, V, Z."""


def body_check(body: str) -> str:
    """Return the check character of eight characters (GB 11714-1997, 11 less the sum modulo 11)."""
    values = [int(each, 36) for each in body]
    total = sum(map(int.__mul__, values, (3, 7, 9, 10, 5, 8, 4, 2)))
    left = (11 - total % 11) % 11
    return "X" if left == 10 else str(left)


def credit_code(area: str, body: str) -> str:
    """Return the unified social credit code of a body (GB 32100-2015, weights 3^i modulo 31)."""
    start = area + body
    total = sum(LETTERS.index(each) * 3**place for place, each in enumerate(start))
    return start + LETTERS[-total % 31]


def body_code() -> st.SearchStrategy[str]:
    """Draw codes of nine characters with the right check character."""
    return st.text(LETTERS, min_size=8, max_size=8).map(lambda body: body + body_check(body))
