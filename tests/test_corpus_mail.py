"""Public mails that nobody here wrote: each is read, its files as exact as elsewhere, and filed.

They lie beside the repository and are no part of it. Every few of them go through a whole
pass; with `CORPUS=all` all do, and the pass's figures are printed.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from config.limits import Limits
from parsers.charsets import last_name
from parsers.errors import ParseError
from parsers.sandbox import Sandbox
from parsers.submission import File, Submission

ROOT: Final = Path(__file__).parents[1]
CORPUS: Final = ROOT.parent / "shared" / "corpus"
MAILS: Final = tuple(
    sorted(
        path for kind in ("mail", "auto") for path in (CORPUS / kind).rglob("*") if path.is_file()
    )
)
EVERY: Final = 1 if os.environ.get("CORPUS") == "all" else 12
PATIENCE: Final = 3600
LARGEST_PROCESS: Final = 600
MEASURED: Final = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""Megabytes."""

LARGEST_LOGO: Final = 100 * 1024
MACHINERY: Final = frozenset({
    "message/delivery-status", "message/feedback-report", "text/rfc822-headers",
})  # fmt: skip
SIGNATURES: Final = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature",
})  # fmt: skip
NO_BASE64: Final = "said to be base64 and is none: the library decodes it, we leave it"
JUNK: Final = "base64 with an error in it, which the library leaves undecoded"
UUENCODED: Final = "uuencoded in the text, where the library does not look"
NO_MAIL: Final = "called a mail, but is none: the library takes it for an empty one"
REPORT: Final = "a report with a name: the library takes it for mails"
ELSEWHERE: Final = "a part of a mail, or none of it: the library takes it for a mail"
BY_BYTES: Final = "a raw name in a charset that nothing tells: we read it as Chinese"
LATIN: Final = "a raw name in Latin-1, which the library cannot read"
GLUED: Final = "encoded words that touch others, which the library leaves"
SEMICOLON: Final = "the semicolon before the boundary is lost: the library finds no parts"
# Why files are other than the standard library has them, by collection and file name.
EXCEPTIONS: Final = {
    "djmailbox": {},
    "mime4j": {
        "multi-2evil.msg": GLUED, "multi-2evil.out": GLUED,
        "sig-uu.msg": UUENCODED, "sig-uu.out": UUENCODED,
        "twopart.msg": JUNK, "twopart.out": JUNK,
        "uu-junk.msg": UUENCODED, "uu-junk.out": UUENCODED, "uu-zeegee.msg": UUENCODED,
    },
    "phpmime": {"m0018": JUNK, "m0028": NO_BASE64},
    "rubymail": {
        "attachment_nonascii_filename.eml": BY_BYTES, "attachment_with_encoded_name.eml": BY_BYTES,
    },
    "sisimai": {
        "lhost-bigfoot-01.eml": ELSEWHERE, "lhost-mcafee-05.eml": REPORT,
        "lhost-office365-08.eml": NO_MAIL, "lhost-postfix-30.eml": NO_MAIL,
        "rfc3464-09.eml": REPORT, "rfc3464-35.eml": NO_MAIL, "rfc3464-36.eml": NO_MAIL,
    },
    "spamscope": {"mail_malformed_2": REPORT},
    "stalwart": {
        "000.eml": NO_BASE64, "001.eml": ELSEWHERE, "009.eml": ELSEWHERE, "016.eml": LATIN,
        "017.eml": SEMICOLON, "022.eml": NO_MAIL, "023.eml": LATIN, "026.eml": LATIN,
        "049.eml": UUENCODED,
    },
    "webklex": {"boolean_decoded_content.eml": JUNK},
}  # fmt: skip

pytestmark = pytest.mark.skipif(not MAILS, reason="the public corpus is not here")


@dataclass(kw_only=True)
class Leaf:
    """A file as the standard library has it."""

    kind: str
    size: int
    head: bytes
    shown: bool
    names: set[str] = field(default_factory=set)


def leaves(message: Message) -> Iterator[Message]:
    if message.is_multipart():
        for part in message.get_payload():
            yield from leaves(part)  # type: ignore[arg-type] # a list of messages
    else:
        yield message


def names_of(part: Message) -> set[str]:
    told = part.get_filename() or ""
    try:
        decoded = str(make_header(decode_header(told)))
    except (LookupError, ValueError):
        decoded = told
    return {squeezed(last_name(name)) for name in (told, decoded)} - {""}


def squeezed(name: str) -> str:
    """Names without blanks: the library keeps those that folded lines begin with."""
    return "".join(name.split())


def files_of(raw: bytes) -> dict[str, Leaf]:
    """Every file in a mail by its checksum; those of mails attached to it as well.

    Raises anything that the library raises on broken mail.
    """
    found: dict[str, Leaf] = {}
    for policy in (email.policy.default, email.policy.compat32):
        for part in leaves(email.message_from_bytes(raw, policy=policy)):
            names, kind = names_of(part), part.get_content_type()
            is_text = kind in {"text/plain", "text/html"} or kind.startswith("multipart/")
            is_file = part.get_content_disposition() == "attachment" or not is_text
            counts = (names or (is_file and kind not in MACHINERY)) and kind not in SIGNATURES
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and counts:
                leaf = Leaf(
                    kind=kind, size=len(content), head=content[:8], shown="content-id" in part
                )
                found.setdefault(sha256(content).hexdigest(), leaf).names.update(names)
    return found


def differences(mail: Submission, raw: bytes) -> list[str]:
    """Say where the files of a mail are other than the standard library has them."""
    library = files_of(raw)
    ours = {file.sha256: file for file in mail.files}
    lacking = [
        f"lacks {leaf.names or leaf.kind}"
        for digest, leaf in library.items()
        if digest not in ours and not is_opened(leaf, mail.files) and not is_logo(leaf)
    ]
    more = [
        f"has {file.path}"
        for file in mail.files
        if "/" not in file.path and file.sha256 not in library
    ]
    other = [
        f"calls {leaf.names} {ours[digest].filename}"
        for digest, leaf in library.items()
        if digest in ours and leaf.names and not is_called(ours[digest], leaf.names)
    ]
    return [*lacking, *more, *other]


def is_logo(leaf: Leaf) -> bool:
    return leaf.shown and leaf.kind.startswith("image/") and leaf.size <= LARGEST_LOGO


def is_opened(leaf: Leaf, files: tuple[File, ...]) -> bool:
    """Tell whether a file is an archive or a mail of which we have what is inside."""
    only_text = leaf.head.startswith(b"\x78\x9f\x3e\x22") or leaf.head == b"Return-P"
    return only_text or any(squeezed(file.path.split("/")[0]) in leaf.names for file in files)


def is_called(file: File, names: set[str]) -> bool:
    """Tell whether a name is the library's, but for the number of a second file of one name."""
    stem, _, rest = file.filename.rpartition(" (")
    return bool({squeezed(file.filename), squeezed(stem + rest.partition(")")[2])} & names)


def test_every_mail_is_read_or_refused_and_its_files_are_exact(tmp_path: Path) -> None:
    found: dict[str, dict[str, list[str]]] = {name: {} for name in EXCEPTIONS}
    refused: Counter[str] = Counter()
    with Sandbox(Limits(document_seconds=20), tmp_path) as sandbox:
        for path in MAILS:
            try:
                with sandbox.message(path) as mail:
                    other = differences(mail, path.read_bytes())
            except ParseError as error:
                refused[error.problem] += 1
                continue
            if other:
                found[path.relative_to(CORPUS).parts[1]][path.name] = other
    assert set(refused) <= {"damaged", "empty"}
    assert refused.total() < len(MAILS) / 2  # what is no mail at all: .json, .xml, pictures
    unexpected = {
        (name, mail): other
        for name, mails in found.items()
        for mail, other in mails.items()
        if mail not in EXCEPTIONS[name]
    }
    assert unexpected == {}
    assert {name: set(mails) for name, mails in found.items()} == {
        name: set(mails) for name, mails in EXCEPTIONS.items()
    }


@dataclass(frozen=True, kw_only=True)
class Intake:
    """An installation whose mailbox is a Maildir with the corpus in it."""

    folder: Path

    def fill(self, mails: Sequence[Path]) -> None:
        for place in ("cur", "new", "tmp"):
            (self.folder / "Maildir" / place).mkdir(parents=True)
        for number, mail in enumerate(mails):
            shutil.copyfile(mail, self.folder / f"Maildir/new/1464684120.M{number}P1.mx")
        settings = f'[service]\ndata_dir = "var"\n[mailbox.main]\nkind = "maildir"\npath = "{self.folder}/Maildir"\n'
        (self.folder / "intake.toml").write_text(settings, encoding="utf-8")

    def run(self, *arguments: str) -> tuple[Any, int]:
        """Return what a command printed, and how large it or a child of it became, in MB."""
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, sys.executable, "-m", "ingest",
             "--config", str(self.folder / "intake.toml"), *arguments, "--json"],
            cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), int(done.stderr.split()[-1]) >> 10


@pytest.mark.timeout(PATIENCE)
def test_every_mail_in_a_mailbox_ends_with_a_fate(tmp_path: Path) -> None:
    intake = Intake(folder=tmp_path)
    mails = MAILS[::EVERY]
    intake.fill(mails)
    begun = time.monotonic()
    did, peak = intake.run("once", "--no-letters")
    seconds = time.monotonic() - begun
    print(f"{len(mails)} mails in {seconds:.0f} s, largest process {peak} MB: {did}")  # noqa: T201 - the figures asked for
    fates = Counter(each["fate"] for each in intake.run("mails")[0])
    assert fates.total() == len(mails)
    assert "pending" not in fates
    assert did["problems"] == []
    [folder], _ = intake.run("reconcile")
    assert (folder["on_server"], folder["missing_uids"]) == (len(mails), [])
    assert not any((tmp_path / "var/work").glob("*/*"))
    assert peak < LARGEST_PROCESS
