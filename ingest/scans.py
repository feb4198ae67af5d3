"""Pages that are pictures, read when there is time: the stage beside *file* and *judge*.

A process of its own reads them, one page after another, while nobody else wants the
machine. It starts when a scan waits and ends when none does. Killed anywhere, the next
start goes on from the rows.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from threading import Event

from ingest.house import House
from ingest.pipeline import Touched
from ingest.trouble import refuse_without_room
from parsers.grouping import documents_in
from parsers.passwords import find_passwords
from parsers.sandbox import Sandbox
from parsers.submission import Content, File, Problem, Scan
from registry import queries, scanned
from registry.judging import call_of
from registry.refiling import file_again, refile
from registry.scanned import ATTEMPTS, FiledScan, WaitingScan

log = logging.getLogger(__name__)

_MAY_PASS = frozenset({Problem.CRASHED, Problem.TOO_SLOW})


def read_scans(house: House, touched: Touched, stop: Event) -> None:
    """Read every scan that waits, the first asked for first; none without the `ocr` extra.

    Trouble of the house itself is raised; the scan waits on and the attempt does not count.
    """
    ocr = house.settings.ocr
    if not ocr.is_on:
        return
    with house.registry.read() as connection:
        waiting = scanned.waiting(connection)
    if not waiting:
        return
    limits = house.settings.limits.model_copy(update={"document_memory": ocr.memory})
    with Sandbox(limits, house.work, size=1, idle=True, stop=stop) as sandbox:
        for scan in waiting:
            settled = False
            while not settled:
                if stop.is_set():
                    return
                refuse_without_room(house.settings.service.data_dir)
                settled = _read(house, sandbox, scan, touched)


def _read(house: House, sandbox: Sandbox, scan: WaitingScan, touched: Touched) -> bool:
    """Read one scan; False when it is to be tried again.

    The attempt is counted before, since a process that dies counts, too.
    """
    with house.registry.write() as connection:
        attempt = scanned.count_attempt(connection, scan.sha256)
        known = scanned.known(connection, [scan.sha256]).get(scan.sha256)
    originals = house.originals
    lost = originals.has_lost(scan.sha256) or originals.has_damaged(scan.sha256)
    try:
        content = known or (None if lost or attempt > ATTEMPTS else _content(house, sandbox, scan))
    except BaseException:
        with house.registry.write() as connection:
            scanned.count_attempt(connection, scan.sha256, by=-1)
        raise
    if content and content.problem in _MAY_PASS and attempt < ATTEMPTS:
        log.warning("scan %.12s: %s, will try again", scan.sha256, content.problem)
        return False
    if content is None or content.scan is not Scan.READ:
        log.warning("scan %.12s cannot be read: %s", scan.sha256, content and content.problem)
        with house.registry.write() as connection:
            scanned.keep_content(connection, scan.sha256, None)
    else:
        _keep(house, scan, content, touched)
    return True


def _content(house: House, sandbox: Sandbox, scan: WaitingScan) -> Content:
    ocr = house.settings.ocr
    source = house.originals.path(scan.sha256)
    return sandbox.scan(
        replace(_file(scan), source=source),
        find_passwords(scan.words),
        pages=min(scan.pages or ocr.pages, ocr.pages),
        page_seconds=ocr.page_seconds,
    )


def _file(scan: WaitingScan, place: FiledScan | None = None) -> File:
    return File(
        path=place.path if place else scan.filename,
        filename=place.filename if place else scan.filename,
        media_type=scan.media_type,
        size=place.size if place else 0,
        sha256=scan.sha256,
    )


def _keep(house: House, scan: WaitingScan, content: Content, touched: Touched) -> None:
    """Keep the text, and tell anew what the scan is, wherever it is filed."""
    with house.registry.read() as connection:
        places = scanned.filed(connection, scan.sha256)
        rows = queries.dossiers_by_id(connection, [each.dossier for each in places])
        calls = {row.id: call_of(connection, row) for row in rows.values()}
    told = [
        (each, documents_in(_file(scan, each), content, calls[each.dossier]), calls[each.dossier])
        for each in places
    ]
    now = house.clock()
    with house.registry.write() as connection:
        scanned.keep_content(connection, scan.sha256, content)
        for place, documents, call in told:
            refile(connection, place, documents, call, now)
        touched.mails.update(file_again(connection, scan.sha256))
    touched.dossiers.update(each.dossier for each in places)
    log.info("scan %.12s: read, %s pages", scan.sha256, content.page_count)
