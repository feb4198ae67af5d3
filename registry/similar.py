"""Finding the paper records that might be a dossier's among very many, without scanning them.

The index lives in memory, is built when a dossier without a certain record asks for it, and
is built anew when the register has changed; the rows stay the only truth, and whatever is
found is read from them again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import ceil
from weakref import WeakKeyDictionary

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, Engine, func, select

from config.call import Call
from parsers.names import core_of, organisation_key, stated_names, ways_of_writing
from registry import models as m
from registry.matching import FAR, LEAST_DIGITS, NEAR, Identity, emails_in, phones_in

LOOKED_AT = 10
"""How many records are looked at that are near in name, and as many that agree otherwise."""

_ANY = re.compile(rb"[^\0]")


class NearCores:
    """Finds near core names among many, without comparing with each of them.

    The likeness is `fuzz.ratio`, twice the length of the common subsequence in both
    lengths together. Of n characters at least n·t/(2-t) are common then (t the least
    likeness, of 1): only names that hold so many of the characters are compared. Which
    names hold a character is one integer, a bit for each name.
    """

    def __init__(self, cores: Mapping[int, str]) -> None:
        self._keys = tuple(cores)
        self._cores = tuple(cores.values())
        size = len(cores) // 8 + 1
        holders: dict[str, bytearray] = defaultdict(lambda: bytearray(size))
        for at, core in enumerate(self._cores):
            for letter in core:
                holders[letter][at >> 3] |= 1 << (at & 7)
        self._holders = {key: int.from_bytes(bits, "little") for key, bits in holders.items()}

    def near(self, core: str) -> dict[int, float]:
        """Return the likeness of each core that is near, or equal, by its key."""
        held = {self._keys[at]: self._cores[at] for at in _bits(self._holding_enough_of(core))}
        found = process.extract(
            core, held, processor=None, scorer=fuzz.ratio, score_cutoff=NEAR, limit=None
        )
        return {key: likeness for _, likeness, key in found}

    def _holding_enough_of(self, core: str) -> int:
        if not core:
            return 0
        common = ceil(len(core) * NEAR / (200 - NEAR) - 1e-9)
        at_least = [-1, *[0] * common]  # those that hold so many of the characters met
        for letter in core:
            holders = self._holders.get(letter, 0)
            for count in range(common, 0, -1):
                at_least[count] |= at_least[count - 1] & holders
        return at_least[common]


def _bits(number: int) -> Iterator[int]:
    """Yield the places of the bits that are set."""
    for found in _ANY.finditer(number.to_bytes(number.bit_length() // 8 + 1, "little")):
        byte = found[0][0]
        yield from (found.start() * 8 + bit for bit in range(8) if byte >> bit & 1)


class PaperIndex:
    """The paper register by what a record may be recognised by: core name, secretariat, contact."""

    def __init__(self, connection: Connection) -> None:
        paper = m.paper.c
        query = select(paper.id, paper.core, paper.secretariat_form, paper.mobile, paper.email)
        self._cores: dict[int, str] = {}
        self._by_clue: dict[str, list[int]] = defaultdict(list)
        for row in connection.execute(query.where(paper.gone.is_(False))):
            self._cores[row.id] = row.core
            seats = map(organisation_key, stated_names(row.secretariat_form))
            for clue in {*seats, *_contacts(row.mobile, row.email)}:
                self._by_clue[clue].append(row.id)
        self._near = NearCores(self._cores)

    def look_up(self, identity: Identity, call: Call) -> list[int]:
        """Return the ids of the records that are worth comparing with a dossier."""
        core = core_of(identity.name, call)
        seats = ways_of_writing(identity.secretariat, call)
        clues = {*seats, *_contacts(identity.phone, identity.email)}
        agreeing = {each for clue in clues for each in self._by_clue.get(clue, ())}
        likeness = {each: fuzz.ratio(core, self._cores[each]) for each in agreeing}
        agreeing_enough = {each: how for each, how in likeness.items() if how >= FAR}
        return [*_best(self._near.near(core)), *_best(agreeing_enough)]


def _contacts(phone: str, email: str) -> set[str]:
    """Return what tells a contact: the ends of telephone numbers, and mail addresses."""
    ends = {each[-LEAST_DIGITS:] for each in phones_in(phone)} if phone else set()
    return ends | (emails_in(email) if email else set())


def _best(likeness: Mapping[int, float]) -> list[int]:
    return sorted(likeness, key=lambda each: (-likeness[each], each))[:LOOKED_AT]


_kept: WeakKeyDictionary[Engine, tuple[object, PaperIndex]] = WeakKeyDictionary()


def paper_index(connection: Connection) -> PaperIndex:
    """Return the index of the register as the connection sees it, built anew if need be.

    Only an import changes the register, and each leaves an event.
    """
    imported = select(func.max(m.event.c.id)).where(m.event.c.what == "paper-imported")
    last = select(func.max(m.paper.c.id)).scalar_subquery()
    state = tuple(connection.execute(select(last, imported.scalar_subquery())).one())
    kept = _kept.get(connection.engine)
    if kept is None or kept[0] != state:
        kept = (state, PaperIndex(connection))
        _kept[connection.engine] = kept
    return kept[1]
