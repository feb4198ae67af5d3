"""Signed mail: what was signed is the mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.smime import signed_content
from parsers.submission import Problem, Submission
from tests.test_message import HEAD, PDF, TEXT, attachment, mixed, only, paths, read

NOW = datetime(2016, 6, 1, tzinfo=UTC)
INNER = mixed(TEXT, attachment(b"attachment; filename=a.pdf", PDF), head=b"", boundary=b"inner")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
DATA = bytes.fromhex("06092a864886f70d010701")


@cache
def signer() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "office@example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(1))
    return builder.sign(key, SHA256()), key


def signed(content: bytes, *options: PKCS7Options) -> bytes:
    builder = PKCS7SignatureBuilder().set_data(content).add_signer(*signer(), SHA256())
    return builder.sign(Encoding.DER, [PKCS7Options.Binary, *options])


def opened(content: bytes, tmp_path: Path) -> Submission:
    kind = b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"
    return read(HEAD + attachment(b"attachment; filename=smime.p7m", content, kind), tmp_path)


def test_what_was_signed_is_the_mails_own(tmp_path: Path) -> None:
    mail = opened(signed(INNER), tmp_path)
    assert (mail.text, mail.quoted, paths(mail)) == ("请查收。", "", ["smime.p7m/a.pdf"])


def test_what_programs_write_in_pieces_of_open_length_is_joined(tmp_path: Path) -> None:
    pieces = b"".join(
        b"\x04\x82" + len(piece).to_bytes(2, "big") + piece for piece in (INNER[:300], INNER[300:])
    )
    content = b"\x30\x80" + DATA + b"\xa0\x80\x24\x80" + pieces + bytes(6)
    raw = b"\x30\x80" + SIGNED_DATA + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00" + content
    assert signed_content(raw) == INNER
    assert paths(opened(raw, tmp_path)) == ["smime.p7m/a.pdf"]


def test_a_signature_beside_its_mail_is_no_file(tmp_path: Path) -> None:
    raw = signed(INNER, PKCS7Options.DetachedSignature)
    assert signed_content(raw) == b""
    part = attachment(b"attachment; filename=smime.p7s", raw, b"application/pkcs7-signature")
    assert read(mixed(TEXT, part, kind=b"signed"), tmp_path).files == ()


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"\x30\x0d" + ENVELOPED_DATA + b"\xa0\0", Problem.LOCKED),
        (signed(b"any other file"), Problem.UNSUPPORTED),
        (signed(INNER)[:200], Problem.DAMAGED),
    ],
    ids=["encrypted", "no mail", "broken off"],
)
def test_what_cannot_be_opened_is_listed_with_its_reason(
    raw: bytes, problem: Problem, tmp_path: Path
) -> None:
    file = only(opened(raw, tmp_path))
    assert (file.path, file.problem) == ("smime.p7m", problem)


@given(st.binary(max_size=60), st.integers(min_value=0, max_value=80), st.binary(max_size=60))
def test_any_bytes_give_a_content_or_a_parse_error(start: bytes, at: int, noise: bytes) -> None:
    whole = b"\x30\x80" + SIGNED_DATA + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80" + DATA
    for raw in (start, whole[:at] + noise + whole[at + len(noise) :], whole + noise):
        try:
            assert isinstance(signed_content(raw), bytes)
        except ParseError:
            continue
