"""Files that came another way: a person adds them to a dossier, at the desk or by command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from config.call import Call
from parsers.errors import ParseError
from parsers.names import core_of
from parsers.opening import open_documents
from parsers.sandbox import Sandbox, SandboxError
from parsers.secrecy import secrecy_in
from parsers.submission import Document
from registry import scanned
from registry.database import Registry
from registry.decisions import CautionError, RefusedError, file_by_hand, link_of
from registry.judging import call_of
from registry.originals import Originals
from registry.rows import DossierRow


def add_files(
    registry: Registry,
    originals: Originals,
    sandbox: Sandbox,
    dossier: DossierRow,
    files: Sequence[tuple[Path, str]],
    *,
    who: str,
    now: datetime,
    link: tuple[int, str] | None = None,
    reads_scans: bool = False,
    anyway: bool = False,
) -> int:
    """File what lies in local files, each with its own name; return how many documents.

    With `link`, a mail and an address, they are what lay behind that link, which is thereby
    settled. With `reads_scans` the text of pages that are pictures will be there later.
    Raises RefusedError when nothing in them is new, can be opened, or may be kept, and, but
    for `anyway`, when one names another alliance.
    """
    with registry.read() as connection:
        call = call_of(connection, dossier)
    try:
        with sandbox.files(files) as opened:
            with registry.read() as connection:
                known = scanned.known(connection, [each.sha256 for each in opened])
            _, documents = open_documents(sandbox, opened, {call.id: call}, call.id, known=known)
            _refuse_secret(documents)
            if not anyway:
                _refuse_of_others(documents, dossier, call)
            originals.keep_files(opened)
    except SandboxError as error:
        message = f"文件暂时不能打开，没有补充，请稍后再试：{error}"
        raise RefusedError(message) from error
    except ParseError as error:
        message = "文件无法打开，没有补充：可能已损坏，或过大、过于复杂"
        raise RefusedError(message) from error
    with registry.write() as connection:
        behind = link_of(connection, *link, [dossier.number]) if link else None
        if reads_scans:
            scanned.ask(connection, documents, now)
        return file_by_hand(connection, dossier, documents, who=who, now=now, link=behind)


def _refuse_secret(documents: Sequence[Document]) -> None:
    """Take nothing in that bears the mark of a state secret."""
    for each in documents:
        mark = each.secrecy.value if each.secrecy else secrecy_in(each.path)
        if mark:
            message = f"{each.path} 标有“{mark}”，涉密文件不得登记到本系统"
            raise RefusedError(message)


def _refuse_of_others(documents: Sequence[Document], dossier: DossierRow, call: Call) -> None:
    """Take nothing in by mistake that would replace what is the dossier's own."""
    own = core_of(dossier.name, call) if dossier.name else ""
    for each in documents:
        if own and each.name and core_of(each.name.value, call) != own:
            message = (
                f"{each.path} 写的是“{each.name.value}”，{dossier.number} 是“{dossier.name}”，"
                "没有补充；确属这一件，请选“材料中名称不同，仍补入本件”"
            )
            raise CautionError(message)
