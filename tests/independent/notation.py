"""The notation of the measuring set's words, as `tests.independent.dossiers` resolves it.

`[a|b]` is a choice, `{name}` a slot, `{2-9}` a number, `{c2-9}` a number in Chinese digits; a
line break parts paragraphs.
"""

Words = tuple[str, ...]


def words(text: str) -> Words:
    """Return the words of a text that parts them by plain blanks; a wide blank stays in its word."""
    return tuple(text.split(" "))


def lines(text: str) -> Words:
    """Return the lines of a text, one entry each; `//` stands for a line break within one."""
    return tuple(
        line.strip().replace("//", "\n") for line in text.strip().splitlines() if line.strip()
    )
