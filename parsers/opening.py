"""Files opened, read and recognised, under the call that fits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from config.call import Call
from parsers.grouping import documents_in
from parsers.recognise import OTHER
from parsers.sandbox import Sandbox
from parsers.submission import Content, Document, File

READERS = 2
"""How many files are read at a time."""


def open_documents(
    sandbox: Sandbox,
    files: Sequence[File],
    calls: Mapping[str, Call],
    default: str,
    *,
    known: Mapping[str, Content] | None = None,
    passwords: Sequence[str] = (),
) -> tuple[Call, tuple[Document, ...]]:
    """Read files, and recognise them under the call by which most are; if equal, the default.

    `known` is what has been read of files already, by their checksum; `passwords` are tried
    on those that are locked.
    """
    read = known or {}
    with ThreadPoolExecutor(READERS) as pool:
        contents = list(
            pool.map(
                lambda file: read.get(file.sha256) or _content(sandbox, file, passwords), files
            )
        )
    opened = [
        (
            call,
            tuple(
                document
                for file, content in zip(files, contents, strict=True)
                for document in documents_in(file, content, call)
            ),
        )
        for call in sorted(calls.values(), key=lambda call: call.id != default)
    ]
    return max(opened, key=lambda each: sum(doc.kind != OTHER for doc in each[1]))


def _content(sandbox: Sandbox, file: File, passwords: Sequence[str]) -> Content:
    if file.problem:
        return Content(media_type=file.media_type, problem=file.problem, detail=file.detail)
    return sandbox.content(file, passwords)
