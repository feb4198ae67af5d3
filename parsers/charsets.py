"""Chinese text in mail: charsets named wrongly, headers encoded in every way there is.

`gb2312`, `gbk` and `cp936` are read as GB18030, their superset: mailers name the smallest
charset and use characters of the largest. Nothing here raises on any input.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import quote, unquote_to_bytes

_GB18030_LABELS = frozenset({
    "gb2312", "gb23121980", "gb231280",
    "gbk", "gb18030", "gb180302000", "gb180302005", "cp936", "936",
    "ms936", "windows936", "xgbk", "euccn", "xeuccn", "csgb2312", "chinese", "eucgb2312cn",
})  # fmt: skip
_UNSAFE_CODECS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
)
_ONE_BYTE_LABELS = frozenset({"iso8859-1", "cp1252", "ascii", "latin-1"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?(.{0,4000}?)\?=", re.DOTALL)
_WORDS = r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=(?:\s*=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)*"
_FOREIGN = (
    r"(?<![\w.-])[A-Za-z0-9_.-]*[^\x00-\x7f]"
    r"(?:[^\x00-\x1f\"<>(),;:\\=?@]*[^\x00-\x7f])?[A-Za-z0-9_.-]*"
)
_PHRASE = re.compile(rf'"(?:[^"\\]|\\.){{0,1000}}"|{_WORDS}|{_FOREIGN}', re.DOTALL)
_PARAMETER = re.compile(
    r';\s*(?P<name>[^\s=;"]+?)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\Z)|(?P<bare>[^;]*))',
    re.DOTALL,
)
_LOST_SEMICOLON = re.compile(r"^(\s*[\w.+-]+/[\w.+-]+)\s+(?=[\w-]+\*?=)")
_SECTION = re.compile(r"(?P<name>[^*]+)(?:\*(?P<index>\d{1,4}))?(?P<coded>\*)?\Z")
# A lone byte inside or at the end of a small Latin word, or at the beginning of one. In Chinese
# text all would have to be single rare characters that touch such a word.
_LATIN_LETTER = re.compile(
    rb"(?<=[a-z])[\xc0-\xd6\xd8-\xf6\xf8-\xff](?![@-`{-\xff])"
    rb"|(?<![A-Za-z\x80-\xff])[\xc0-\xd6\xd8-\xf6\xf8-\xff](?=[a-z]{2})"
)
_QUOTES = ' "'
_LONGEST_NAME, _LONGEST_EXTENSION = 200, 10
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_PARAMETER_HEADERS = frozenset({"content-type", "content-disposition"})
# To decode a word in it would let a sender write into what the host says of him (RFC 8601).
_WITHOUT_WORDS = frozenset({"authentication-results"})
_ADDRESS_HEADERS = frozenset({
    "from", "to", "cc", "bcc", "reply-to", "sender", "resent-from", "resent-to", "resent-cc",
    "return-path", "delivered-to", "disposition-notification-to",
})  # fmt: skip


def codec_of(label: str | None) -> str | None:
    """Return Python's name of a charset label, Chinese ones widened; None for an unknown one."""
    plain = (label or "").strip().strip("\"'").partition("*")[0].lower()
    if re.sub(r"[\W_]", "", plain) in _GB18030_LABELS:
        return "gb18030"
    try:
        found = codecs.lookup(plain)
    except (LookupError, ValueError):
        return None
    text = (
        getattr(found, "_is_text_encoding", False)
        and found.name.replace("-", "_") not in _UNSAFE_CODECS
    )
    return found.name if text else None


def decode_text(raw: bytes, declared: str | None = "") -> str:
    """Decode bytes by the declared charset or, where that fails, the one that fits.

    Tried strictly, in order: the declared one, a byte order mark, UTF-8, GB18030, Big5.
    Only when none fits are the undecodable bytes replaced by U+FFFD, as few as possible.
    """
    if raw.isascii() and b"\x1b" not in raw and codec_of(declared) not in {"hz", "utf-7"}:
        return raw.decode("ascii")
    codec = codec_of(declared)
    bom = next((name for mark, name in _BOMS if raw.startswith(mark)), None)
    candidates = [name for name in (codec, bom, *_undeclared(raw, codec)) if name]
    if codec in _ONE_BYTE_LABELS:
        candidates = [*candidates[1:], codec] if _is_double_byte(raw) else candidates
    for name in candidates:
        text = _strictly(raw, name)
        if text is not None:
            return text
    loose = (raw.decode(name, errors="replace") for name in candidates)
    return _no_surrogates(min(loose, key=lambda text: text.count("\ufffd")))


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        text = raw.decode(codec)
    except (UnicodeError, ValueError):
        return None
    return text if text == _no_surrogates(text) else None


def _no_surrogates(text: str) -> str:
    return re.sub(r"[\ud800-\udfff]", "\ufffd", text)


def _is_double_byte(raw: bytes) -> bool:
    """Tell whether text named Latin is UTF-8 or GB2312: each byte above ASCII has its mate."""
    return _strictly(raw, "utf-8") is not None or _strictly(raw, "gb2312") is not None


def _undeclared(raw: bytes, codec: str | None) -> tuple[str, ...]:
    """Order the charsets that Chinese mail uses by how well they fit these bytes."""
    utf8 = _strictly(raw, "utf-8")
    if utf8 is not None:
        # Short GBK can happen to be UTF-8, but then only as Latin, Greek or Cyrillic.
        odd = max(utf8) < "\u0800" and _strictly(raw, "gb2312") is not None
        return ("gb18030", "utf-8") if odd else ("utf-8", "gb18030", "big5")
    if _LATIN_LETTER.sub(b"", raw).isascii():
        return ("cp1252", "gb18030", "utf-8")
    if codec == "big5":
        return ("big5hkscs", "cp950", "gb18030", "utf-8")
    mainland, island = _strictly(raw, "gb18030"), _strictly(raw, "big5")
    if island is not None and (mainland is None or _common(mainland) + 0.2 < _common(island)):
        return ("big5", "gb18030", "utf-8")
    return ("gb18030", "big5", "utf-8")


def _common(text: str) -> float:
    """Return the share of everyday characters: level 1 of GB 2312, or of Big5."""
    foreign = [character for character in text[:2000] if character > "\x7f"]
    return sum(map(_is_common, foreign)) / max(len(foreign), 1)


def _is_common(character: str) -> bool:
    mainland = character.encode("gb2312", errors="ignore")
    island = character.encode("big5", errors="ignore")
    return b"\xa1\xa1" <= mainland <= b"\xd7\xf9" or b"\xa1\x40" <= island <= b"\xc6\x7e"


def decode_header(value: bytes | str) -> str:
    """Decode a header value: RFC 2047 words, raw 8-bit text, folded lines; one line of text.

    Neighbouring words of one charset are joined before they are decoded, since mailers
    split inside a character; words inside quotes are decoded as well.
    """
    text = decode_text(value) if isinstance(value, bytes) else value
    text = re.sub(r"\r?\n[ \t]+|\r?\n", " ", text)
    return _one_line("".join(_decoded_runs(text)))


def _one_line(text: str) -> str:
    return re.sub(r"[\t-\r]+", " ", _CONTROLS.sub("", text)).strip()


def _decoded_runs(text: str) -> Iterator[str]:
    position = 0
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        between = text[position : word.start()]
        if run and (between.strip() or not _joins(run[-1], word)):
            yield _decode_run(run)
            run = []
        if between.strip() or position == 0:
            yield between
        run.append(word)
        position = word.end()
    if run:
        yield _decode_run(run)
    yield text[position:]


def _joins(first: re.Match[str], second: re.Match[str]) -> bool:
    return codec_of(first[1]) == codec_of(second[1]) and first[2].lower() == second[2].lower()


def _decode_run(run: list[re.Match[str]]) -> str:
    pieces = [word[3] for word in run]
    if run[0][2] in "qQ":
        raw = b"".join(_decode_q(piece) for piece in pieces)
    elif any(len(piece.strip()) % 4 for piece in pieces[:-1]):
        raw = decode_base64("".join(piece.rstrip("= ") for piece in pieces).encode("utf-8"))
    else:
        raw = b"".join(decode_base64(piece.encode("utf-8")) for piece in pieces)
    return decode_text(raw, run[0][1])


def _decode_q(piece: str) -> bytes:
    raw = piece.replace("_", " ").encode("utf-8", errors="replace")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match[1].decode()), raw)


_NOT_BASE64 = bytes(
    byte
    for byte in range(256)
    if byte not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
)


def base64_digits(raw: bytes) -> bytes:
    """Return only what belongs to base64, padding included."""
    return raw.translate(None, delete=_NOT_BASE64)


def decode_base64(raw: bytes) -> bytes:
    """Decode base64 up to its padding, passing over what does not belong to it."""
    digits = base64_digits(raw).partition(b"=")[0]
    # One digit left over carries no whole byte; two or three lack only their padding.
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def header_parameters(value: str) -> dict[str, str]:
    """Return the parameters of a Content-Type or Content-Disposition value, decoded.

    Reads RFC 2231 (charsets, continuations), RFC 2047 inside quotes, and names that stand
    without quotes though they contain spaces. Names of parameters are in lower case.
    """
    sections: dict[str, dict[int, tuple[bool, str]]] = {}
    for match in _PARAMETER.finditer(";" + value.partition(";")[2]):
        section = _SECTION.match(match["name"].lower())
        if section is None:
            continue
        text = match["bare"] if match["quoted"] is None else match["quoted"]
        text = re.sub(r'\\(["\\])', r"\1", text) if match["quoted"] is not None else text.strip()
        found = sections.setdefault(section["name"], {})
        # filename*= is meant to win over filename=, which is sent for old readers.
        index = int(section["index"] or 0)
        if index not in found or section["coded"]:
            found[index] = (bool(section["coded"]), text)
    boundary = sections.pop("boundary", None)
    told = {name: _joined(found) for name, found in sections.items()}
    if boundary:  # never decoded: it has to be found again in the body as it stands
        told["boundary"] = "".join(text for _, (_, text) in sorted(boundary.items()))
    return told


def _joined(found: dict[int, tuple[bool, str]]) -> str:
    """Join the sections of one parameter (RFC 2231, 3 and 4)."""
    ordered = [found[index] for index in sorted(found)]
    if not any(coded for coded, _ in ordered):
        return decode_header("".join(text for _, text in ordered))
    first = ordered[0][1] if ordered[0][0] else ""
    charset, marked, rest = first.partition("'")
    _, marked, start = rest.partition("'") if marked else ("", "", first)
    if not marked:
        charset, start = "", first
    codec = codec_of(charset) or "utf-8"
    raw = unquote_to_bytes(start) if ordered[0][0] else ordered[0][1].encode(codec, "replace")
    for coded, text in ordered[1:]:
        raw += unquote_to_bytes(text) if coded else text.encode(codec, errors="replace")
    return _one_line(decode_text(raw, charset))


def repair_headers(block: bytes) -> bytes:
    """Return a header block in plain ASCII that any parser reads right.

    Charsets are relabelled, raw 8-bit text and broken encoded words become well-formed
    encoded words in UTF-8, parameters become RFC 2231. Lines that are no header are dropped.
    """
    lines = re.sub(rb"\r\n?|\n", b"\n", block.replace(b"\0", b"")).split(b"\n")
    fields: list[bytearray] = []
    for line in lines:
        if line[:1] in b" \t" and fields and line.strip():
            fields[-1] += b"\n" + line
        elif re.match(rb"[!-9;-~]+[ \t]*:", line):
            fields.append(bytearray(line))
        elif line.strip() and not line.isascii() and fields:
            # A raw 8-bit value broken over lines without the blank that marks it.
            fields[-1] += b"\n " + line
    return b"".join(_repaired(bytes(field)) + b"\r\n" for field in fields)


def _repaired(field: bytes) -> bytes:
    raw_name, _, raw_value = field.partition(b":")
    name = raw_name.strip().decode("ascii")
    text = decode_text(raw_value)
    if name.lower() in _PARAMETER_HEADERS:
        value = _repaired_parameters(text)
    elif name.lower() in _WITHOUT_WORDS or (text.isascii() and "=?" not in text):
        value = re.sub(r"\n", "\r\n", text.strip())
    elif name.lower() in _ADDRESS_HEADERS:
        unfolded = re.sub(r"\n[ \t]+", " ", text)
        value = _PHRASE.sub(lambda match: _repaired_phrase(match[0]), unfolded).strip()
    else:
        value = encoded_words(decode_header(text))
    return f"{name}: {value}".encode("ascii", errors="replace")


def _repaired_phrase(phrase: str) -> str:
    bare = re.sub(r"\\(.)", r"\1", phrase[1:-1]) if phrase.startswith('"') else phrase
    decoded = decode_header(bare)
    if decoded.isascii() and "=?" not in bare:
        return phrase
    # Blanks around it, since a word that touches its neighbour is no encoded word.
    return f'"{decoded}"' if decoded.isascii() else f" {encoded_words(decoded.strip(_QUOTES))} "


def _repaired_parameters(text: str) -> str:
    text = _LOST_SEMICOLON.sub(r"\1; ", text)
    kind = decode_header(text.partition(";")[0])
    parts = [kind if kind.isascii() else "application/octet-stream"]
    for name, value in header_parameters(re.sub(r"\n[ \t]*", " ", text)).items():
        if not name.isascii():
            continue
        if name == "charset":
            parts.append(f'charset="{codec_of(value) or value.encode("ascii", "ignore").decode()}"')
        elif value.isascii():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'{name}="{escaped}"')
        else:
            parts.append(f"{name}*=utf-8''{quote(value, safe='')}")
    return ";\r\n ".join(parts)


def encoded_words(text: str) -> str:
    """Return text as RFC 2047 words in UTF-8, folded; plain ASCII stays as it is."""
    if text.isascii() and "=?" not in text:
        return text
    # Ten characters are at most 40 bytes: a word stays under the 75 that RFC 2047 allows.
    pieces = (text[start : start + 10].encode() for start in range(0, len(text), 10))
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(piece).decode()}?=" for piece in pieces)


def file_name(disposition: str, content_type: str) -> str:
    """Return the file's own name out of two header values, without folders; may be empty.

    The one that came through without loss wins (programs write ? for what their charset
    lacks); else `filename` before `name`.
    """
    names = [
        header_parameters(disposition).get("filename", ""),
        header_parameters(content_type).get("name", ""),
    ]
    told = [name for name in map(last_name, names) if name]
    whole = [name for name in told if not set(name) & {"\ufffd", "?"}]
    return next(iter(whole + told), "")


def last_name(path: str) -> str:
    """Return the last part of a path in either notation, without control characters.

    A very long one is cut to 200 characters before its extension.
    """
    bare = re.sub(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", path)
    name = re.split(r"[/\\]", bare.strip().rstrip("/\\"))[-1].strip()
    extension = PurePosixPath(name).suffix[:_LONGEST_EXTENSION]
    return (
        name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - len(extension)] + extension
    )
