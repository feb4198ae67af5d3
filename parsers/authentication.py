"""What the receiving mail host says of a mail's sender (RFC 8601), and nothing but that.

Only the topmost `Authentication-Results` is read, and only where it is the configured host's:
all below it may come from the sender. Signatures (DKIM) are not verified here: that takes
questions to name servers about the sender, and nothing leaves this machine but letters; the
host has verified them when the mail came, while the keys were still published. Of one on
which the host is silent it is only said that it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from parsers.submission import Submission

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"|\(|\)|\\.|;|[^"()\\;]++', re.DOTALL)
_PAIR = re.compile(
    r'(?<![\w.-])([\w.-]++)\s*+(?:/\s*+\d++\s*+)?=\s*+((?:"(?:[^"\\]|\\.)*+"|[^\s"])++)', re.DOTALL
)
_LONGEST = 200
_METHODS = ("dmarc", "spf", "dkim")
_SPF_DOMAIN = ("smtp.mailfrom", "smtp.mail", "smtp.helo")
"""`smtp.mail` is how NetEase writes it."""
_DKIM_DOMAIN = ("header.d", "header.i")
_SIGNED_BY = re.compile(r"(?:^|;)\s*d\s*=\s*([A-Za-z0-9._-]{1,253})\s*(?:;|$)")
_FAILED = frozenset({"fail", "hardfail"})
"""`hardfail` is what SPF's `fail` was called before (RFC 5451, 2.4.2)."""


class Verdict(StrEnum):
    """Whether the sender is who the mail says 发件人验证; `none`: the host could not tell."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """The verdict of the trusted host on a sender, and what it rests on: `spf=pass dkim=none`.

    `dkim-unverified=example.com` in it: a signature of that domain, of which the host says
    nothing. It counts for nothing.
    """

    verdict: Verdict
    results: str = ""

    @property
    def failed(self) -> bool:
        """Whether somebody else may have written the mail."""
        return self.verdict is Verdict.FAIL


@dataclass(frozen=True, kw_only=True)
class _Result:
    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)

    def domain(self, keys: Iterable[str]) -> str:
        said = next((self.properties[key] for key in keys if key in self.properties), "")
        return said.rpartition("@")[2]


class _MalformedError(ValueError):
    """A comment or quotation in the header does not end, or ends before it begins."""


def authenticate(submission: Submission, trusted_host: str) -> Authentication | None:
    """Return what the trusted host (its authserv-id) found; None when none is configured.

    A sender fails whose domain's own policy the mail fails (DMARC, RFC 7489), or, where that
    says neither yes nor no, for whose domain SPF fails while no signature (DKIM) vouches for
    it: a forger adds none. What passes for another domain speaks neither for nor against him.
    A word of the host that cannot be read counts as failure: a sender may have had a part in
    its making.
    """
    if not trusted_host:
        return None
    header = submission.authentication_results
    try:
        results = _results(header, trusted_host)
    except _MalformedError:
        if not _is_host(header.partition(";")[0], trusted_host):
            return Authentication(verdict=Verdict.NONE)
        return Authentication(verdict=Verdict.FAIL, results="unreadable")
    told = [each for each in results if each.method in _METHODS]
    sender = submission.sender.address.rpartition("@")[2].lower()
    return Authentication(
        verdict=_verdict(told, sender),
        results=" ".join((*_told(told), *_signed_by(submission, told)))[:_LONGEST],
    )


def _told(results: Iterable[_Result]) -> Iterator[str]:
    return (f"{each.method}={each.result}" for each in results)


def _signed_by(submission: Submission, told: Iterable[_Result]) -> Iterator[str]:
    """Tell of a signature (RFC 6376, 3.5) on which the trusted host is silent."""
    if any(each.method == "dkim" for each in told):
        return
    found = _SIGNED_BY.search(submission.header("dkim-signature"))
    if found:
        yield f"dkim-unverified={found[1].lower()}"


def same_domain(one: str, other: str) -> bool:
    """Whether two domains are one, or one lies under the other: then one house owns both.

    Of two that lie beside each other (`a.example.com`, `b.example.com`) that is unknown
    without a list of public suffixes, so it is not taken to be so.
    """
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    related = one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
    return bool(one and other) and related


def _verdict(results: list[_Result], sender: str) -> Verdict:
    policy = [each for each in results if each.method == "dmarc"]
    if any(each.result in _FAILED for each in policy):
        return Verdict.FAIL
    passed = [each.domain(("header.from",)) or sender for each in policy if each.result == "pass"]
    if any(same_domain(domain, sender) for domain in passed):
        return Verdict.PASS
    found = [
        (each.method, each.result)
        for each in results
        if (each.method == "spf" and _is_of(each, _SPF_DOMAIN, sender))
        or (each.method == "dkim" and _is_of(each, _DKIM_DOMAIN, sender))
    ]
    if any(result == "pass" for _, result in found):
        return Verdict.PASS
    refused = any(method == "spf" and result in _FAILED for method, result in found)
    return Verdict.FAIL if refused else Verdict.NONE


def _is_of(result: _Result, keys: Iterable[str], sender: str) -> bool:
    """Whether a result is about the sender's domain; one that names none can only fail it."""
    domain = result.domain(keys)
    return same_domain(domain, sender) if domain else result.result != "pass"


def _results(header: str, trusted_host: str) -> tuple[_Result, ...]:
    """Read an `Authentication-Results`, or nothing, where it is another host's."""
    first, *rest = _statements(header)
    if not _is_host(first, trusted_host):
        return ()
    return tuple(_result(each) for each in map(str.strip, rest) if _PAIR.match(each))


def _is_host(words: str, trusted_host: str) -> bool:
    """Whether the authserv-id, before an optional version, is the trusted host's."""
    said = words.split()[:1]
    return bool(said) and said[0].strip('"').lower() == trusted_host.lower()


def _result(statement: str) -> _Result:
    (method, result), *properties = _PAIR.findall(statement)
    return _Result(
        method=method.lower(),
        result=result.lower(),
        properties={key.lower(): value.lower().strip("<>") for key, value in properties},
    )


def _statements(header: str) -> list[str]:
    """Split at semicolons outside quotes and comments, and leave the comments out."""
    statements, depth, position = [""], 0, 0
    for found in _PIECE.finditer(header):
        piece, whole = found[0], found.start() == position
        position = found.end()
        depth += (piece == "(") - (piece == ")")
        if depth < 0 or not whole:
            raise _MalformedError
        if piece == ";" and not depth:
            statements.append("")
        elif not depth:
            statements[-1] += " " if piece == ")" else piece
    if depth or position != len(header):
        raise _MalformedError
    return statements
