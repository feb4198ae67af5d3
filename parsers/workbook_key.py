"""Workbooks that are encrypted, but that Excel opens for anybody, with a password of its own.

Who protects a workbook's structure encrypts it so, without being told. Section numbers are
those of [MS-OFFCRYPTO].
"""

from __future__ import annotations

import hashlib
import struct
from base64 import b64decode
from collections.abc import Callable
from itertools import count
from typing import Final

from Cryptodome.Cipher import AES, ARC4
from lxml import etree

from parsers.errors import ParseError
from parsers.markup import value_of
from parsers.submission import Problem

EXCELS_OWN: Final = "VelvetSweatshop"
"""The password that Excel tries before it asks for one."""

_AGILE = (4, 4)
_MOST_ROUNDS = 1_000_000
_SEGMENT, _BLOCK = 4096, 1024
_STANDARD_ROUNDS = 50_000
_KEY_VALUE = bytes.fromhex("146e0be7abacd0d6")
_VERIFIER_INPUT = bytes.fromhex("fea7d2763b4b9e79")
_VERIFIER_VALUE = bytes.fromhex("d7aa0f6d3061344e")

# Records of .xls files ([MS-XLS] 2.2.10): those that stay as they are, and a few by name.
_FILE_PASS, _SHEET = 0x002F, 0x0085
_PLAIN = frozenset({0x0809, _FILE_PASS, 0x0194, 0x0195, 0x00E1, 0x0196, 0x0138})
_NOTHING = 0x7FFF  # a record that no reader knows
_RC4, _CRYPTO_API = 1, frozenset({2, 3, 4})


def open_package(info: bytes, package: bytes, password: str = EXCELS_OWN) -> bytes:
    """Return the package inside an encrypted one (2.3.4). Raises ParseError when it is locked."""
    secret = password.encode("utf-16-le")
    try:
        version = struct.unpack_from("<HH", info)
        (size,) = struct.unpack_from("<Q", package)
        whole = (_agile if version == _AGILE else _standard)(info, package[8:], secret)
    except (ValueError, KeyError, StopIteration, struct.error, etree.XMLSyntaxError) as error:
        raise ParseError(Problem.LOCKED, type(error).__name__) from error
    return whole[:size]


def open_records(raw: bytes, password: str = EXCELS_OWN) -> bytes:
    """Return the records of an encrypted .xls. Raises ParseError when it is locked."""
    out, at, key = bytearray(raw), 0, None
    while at + 4 <= len(raw):
        kind, size = struct.unpack_from("<HH", raw, at)
        if kind == _FILE_PASS:
            key = _record_key(raw[at + 4 : at + 4 + size], password.encode("utf-16-le"))
            struct.pack_into("<H", out, at, _NOTHING)
        elif key and kind not in _PLAIN:
            begins = at + 4 + (4 if kind == _SHEET else 0)
            out[begins : at + 4 + size] = _decoded(raw[begins : at + 4 + size], begins, key)
        at += 4 + size
    return bytes(out)


def _decoded(data: bytes, at: int, key: Callable[[int], bytes]) -> bytes:
    """Decrypt what stands at a place of the stream; each block has its own key (2.3.6, 2.3.5)."""
    out = b""
    while data:
        block, gone = divmod(at, _BLOCK)
        cipher = ARC4.new(key(block))
        cipher.decrypt(bytes(gone))
        part, data = data[: _BLOCK - gone], data[_BLOCK - gone :]
        out += cipher.decrypt(part)
        at += len(part)
    return out


def _record_key(told: bytes, password: bytes) -> Callable[[int], bytes]:
    """Return the key of each block. Raises ParseError when the password is another one."""
    kind, major, _ = struct.unpack_from("<HHH", told) if len(told) >= 54 else (0, 0, 0)  # noqa: PLR2004 (the shortest)
    if kind != 1 or major not in {_RC4, *_CRYPTO_API}:
        raise ParseError(Problem.LOCKED)
    key, verifier, check, algorithm = (_rc4 if major == _RC4 else _crypto_api)(told, password)
    cipher = ARC4.new(key(0))
    if hashlib.new(algorithm, cipher.decrypt(verifier)).digest() != cipher.decrypt(check):
        raise ParseError(Problem.LOCKED)
    return key


_Told = tuple[Callable[[int], bytes], bytes, bytes, str]
"""The key of each block, the encrypted verifier and its encrypted hash, and the hash's name."""


def _rc4(told: bytes, password: bytes) -> _Told:
    salt, verifier, check = told[6:22], told[22:38], told[38:54]
    short = _md5((_md5(password)[:5] + salt) * 16)[:5]
    return lambda block: _md5(short + struct.pack("<I", block)), verifier, check, "md5"


def _crypto_api(told: bytes, password: bytes) -> _Told:
    (head,) = struct.unpack_from("<I", told, 10)
    (bits,) = struct.unpack_from("<I", told, 14 + 16)
    at = 14 + head
    salt, verifier, check = told[at + 4 : at + 20], told[at + 20 : at + 36], told[at + 40 : at + 60]
    first, size = _sha1(salt + password), (bits or 40) // 8

    def key(block: int) -> bytes:
        made = _sha1(first + struct.pack("<I", block))[:size]
        return made.ljust(16, b"\0") if size == 5 else made  # noqa: PLR2004 (40 bits)

    return key, verifier, check, "sha1"


def _md5(raw: bytes) -> bytes:
    return hashlib.md5(raw, usedforsecurity=False).digest()


def _sha1(raw: bytes) -> bytes:
    return hashlib.sha1(raw, usedforsecurity=False).digest()


def _standard(info: bytes, package: bytes, password: bytes) -> bytes:
    """Decrypt as Excel 2007 does (2.3.4.7)."""
    (head,) = struct.unpack_from("<I", info, 8)
    (bits,) = struct.unpack_from("<I", info, 12 + 16)
    at = 12 + head
    salt, verifier, check = info[at + 4 : at + 20], info[at + 20 : at + 36], info[at + 40 : at + 72]
    digest = _sha1(salt + password)
    for number in range(_STANDARD_ROUNDS):
        digest = _sha1(struct.pack("<I", number) + digest)
    digest = _sha1(digest + bytes(4)).ljust(64, b"\0")
    key = b"".join(_sha1(bytes(each ^ fill for each in digest)) for fill in (0x36, 0x5C))
    cipher = AES.new(key[: bits // 8], AES.MODE_ECB)
    if cipher.decrypt(check)[:20] != _sha1(cipher.decrypt(verifier)):
        raise ParseError(Problem.LOCKED)
    return cipher.decrypt(package[: len(package) // 16 * 16])


def _agile(info: bytes, package: bytes, password: bytes) -> bytes:
    """Decrypt as Excel 2010 and its followers do (2.3.4.10 to 2.3.4.15)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(info[8:], parser)
    data, own = next(root.iter("{*}keyData")), next(root.iter("{*}encryptedKey"))
    salt, name = b64decode(value_of(own, "saltValue")), value_of(own, "hashAlgorithm").lower()
    rounds, size = int(value_of(own, "spinCount")), int(value_of(own, "keyBits")) // 8
    if rounds > _MOST_ROUNDS or value_of(own, "cipherChaining") != "ChainingModeCBC":
        raise ParseError(Problem.LOCKED)
    digest = _hash(name, salt + password)
    for number in range(rounds):
        digest = _hash(name, struct.pack("<I", number) + digest)

    def secret(purpose: bytes, value: str) -> bytes:
        key = _hash(name, digest + purpose)[:size].ljust(size, b"\x36")
        return AES.new(key, AES.MODE_CBC, salt[:16]).decrypt(b64decode(value_of(own, value)))

    length = len(_hash(name, b""))
    verifier = secret(_VERIFIER_INPUT, "encryptedVerifierHashInput")
    if _hash(name, verifier) != secret(_VERIFIER_VALUE, "encryptedVerifierHashValue")[:length]:
        raise ParseError(Problem.LOCKED)
    key, first = (
        secret(_KEY_VALUE, "encryptedKeyValue")[:size],
        b64decode(value_of(data, "saltValue")),
    )
    name, out = value_of(data, "hashAlgorithm").lower(), []
    for number, at in zip(count(), range(0, len(package), _SEGMENT), strict=False):
        vector = _hash(name, first + struct.pack("<I", number))[:16]
        part = package[at : at + _SEGMENT]
        out.append(AES.new(key, AES.MODE_CBC, vector).decrypt(part[: len(part) // 16 * 16]))
    return b"".join(out)


_HASHES: Final = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


def _hash(name: str, raw: bytes) -> bytes:
    return _HASHES[name](raw).digest()
