"""From a mail on disk to a letter in the registry: the stages *file*, *judge* and *answer*.

Each works on what the registry marks as waiting, commits once for each thing, and can be
stopped and started anywhere.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import make_msgid
from pathlib import Path
from threading import Event

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from config.call import Call
from ingest.automatic import is_bounce, machine_reason
from ingest.house import House
from ingest.logs import concerning
from ingest.trouble import TROUBLE, is_of_the_house, refuse_without_room
from parsers.authentication import authenticate
from parsers.bounces import bounce_of
from parsers.errors import ParseError
from parsers.grouping import group
from parsers.opening import open_documents
from parsers.passwords import find_passwords
from parsers.sandbox import Sandbox
from parsers.submission import File, Problem, Submission
from registry import filing, link_lists, notices, outgoing, queries, refiling, scanned
from registry.answers import TO_APPROVE, Due, Point, Standing, Waiting, due
from registry.filing import ATTEMPTS, Understood
from registry.judging import call_of, judge_dossier
from registry.outgoing import Written
from registry.rows import DossierView, Kind, MailRow, Outcome
from reports.digest import write_digest
from reports.letters import Occasion, write_letter
from reports.wording import PROBLEMS

log = logging.getLogger(__name__)

THREAD = 100
"""How many of a mail's References are looked at, and quoted in the answer: the latest."""

LONGEST_SUBJECT = 2_000
"""How many characters of a subject are kept; the original has them all."""

MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
"""What may stand in our letters' References; a writer's own may be anything."""


@dataclass(kw_only=True)
class Touched:
    """What a pass has touched, by id: mails given a fate, dossiers judged, letters written."""

    mails: set[int] = field(default_factory=set)
    dossiers: set[int] = field(default_factory=set)
    letters: set[int] = field(default_factory=set)


# ── file ─────────────────────────────────────────────────────────────────────────────────


def file_pending(house: House, sandbox: Sandbox, touched: Touched, stop: Event) -> None:
    """Open and file every mail that is pending, in the order received.

    Trouble of the house itself (disk, database, sandbox) ends the pass and is raised; the
    mail stays pending and the attempt does not count.
    """
    with house.registry.read() as connection:
        pending = queries.pending(connection)
    if pending and not stop.is_set():
        sandbox.start()  # before any attempt is counted: whoever stops us now stops no mail's
    for mail, sha256 in pending:
        if stop.is_set():
            return
        refuse_without_room(house.settings.service.data_dir)
        with concerning(mails=[mail]):
            _attempt(house, sandbox, mail, sha256)
        touched.mails.add(mail)


def _attempt(house: House, sandbox: Sandbox, mail: int, sha256: str | None) -> None:
    with house.registry.write() as connection:
        attempt = filing.count_attempt(connection, mail)
    try:
        _file(house, sandbox, mail, sha256, attempt)
    except TROUBLE as trouble:
        try:
            with house.registry.write() as connection:
                filing.count_attempt(connection, mail, by=-1)
        except TROUBLE:  # the same, most likely; the first one says what it is
            raise trouble from None
        raise


def _file(house: House, sandbox: Sandbox, mail: int, sha256: str | None, attempt: int) -> None:
    """File one mail; the barrier that keeps a mail that fails from stopping the others."""
    if sha256 and house.originals.has_lost(sha256):
        _set_aside(house, mail, "邮件原件缺失，请从备份恢复后重新处理")
        return
    if sha256 and house.originals.has_damaged(sha256):
        _set_aside(house, mail, "邮件原件已损坏（校验和不符），请从备份恢复后重新处理")
        return
    if attempt > ATTEMPTS:
        _set_aside(house, mail, f"连续{ATTEMPTS}次处理未完成（程序在处理中停止）")
        return
    try:
        with _kept(house, mail, sha256) as path, sandbox.message(path) as submission:
            understood = understand(house, sandbox, mail, submission)
        with house.registry.write() as connection:
            found = filing.file_mail(connection, mail, understood, house.clock())
        log.info("mail %s: %s", mail, found.fate)
        _unlock(house, sandbox, mail, understood.submission)
    except ParseError as error:
        passing = error.problem in {Problem.CRASHED, Problem.TOO_SLOW} and attempt < ATTEMPTS
        log.warning("mail %s cannot be read: %s", mail, error.problem)
        if not passing:
            _set_aside(house, mail, f"邮件无法读取：{PROBLEMS[error.problem]}")
    except Exception as error:
        if is_of_the_house(error):
            raise
        log.exception("mail %s: attempt %s failed", mail, attempt)
        if attempt >= ATTEMPTS:
            _set_aside(house, mail, f"连续{ATTEMPTS}次处理出错：{type(error).__name__}")


@contextmanager
def _kept(house: House, mail: int, sha256: str | None) -> Iterator[Path]:
    """Give what is kept of a mail: its original, or, where that was too large, its headers."""
    if sha256:
        yield house.originals.path(sha256)
        return
    with house.registry.read() as connection:
        row = queries.mail_by_id(connection, mail)
    with house.originals.incoming() as file:
        file.write((row.excerpt if row else "").encode())
        file.flush()
        yield Path(file.name)


def _set_aside(house: House, mail: int, reason: str) -> None:
    with house.registry.write() as connection:
        filing.quarantine(connection, mail, reason, house.clock())


def understand(house: House, sandbox: Sandbox, mail: int, submission: Submission) -> Understood:
    """Read the files of a mail, keep them, and tell its dossiers and its call."""
    submission = replace(
        submission,
        subject=submission.subject[:LONGEST_SUBJECT],
        references=submission.references[-THREAD:],
    )
    with house.registry.read() as connection:
        found, given = filing.call_in_thread(connection, mail, submission, house.calls)
        known = scanned.known(connection, [each.sha256 for each in submission.files])
        row = queries.mail_by_id(connection, mail)
    box = house.settings.mailbox.get(row.mailbox) if row else None
    calls = {found: house.calls[found]} if given else house.calls
    files = submission.files
    call, documents = open_documents(
        sandbox,
        files,
        calls,
        found or house.default_call.id,
        known=known,
        passwords=find_passwords((submission.subject, submission.text, submission.quoted)),
    )
    house.originals.keep_files(files)
    own = house.own_addresses
    machine = machine_reason(submission, own)
    elsewhere = tuple(each for each in submission.reply_to if each.address not in own)
    return Understood(
        submission=replace(submission, files=tuple(_without_source(files)), reply_to=elsewhere),
        dossiers=group(documents, call),
        call=call,
        machine=machine,
        bounce=bounce_of(submission) if is_bounce(submission) else None,
        authentication=authenticate(submission, box.trusted_host if box else ""),
        unread=tuple(each.path for each in documents if not each.readable),
        manifests=tuple(each for each in documents if each.listed),
        reads_scans=house.settings.ocr.is_on,
    )


def _unlock(house: House, sandbox: Sandbox, mail: int, submission: Submission) -> None:
    """Try a password that a mail tells on the locked files of the dossiers that it is about."""
    passwords = find_passwords((submission.subject, submission.text))
    if not passwords:
        return
    with house.registry.read() as connection:
        locked = refiling.locked_beside(connection, mail)
        rows = queries.dossiers_by_id(connection, [each.dossier for each, _ in locked])
        calls = {row.id: call_of(connection, row) for row in rows.values()}
    for filed, sha256 in locked:
        call = calls[filed.dossier]
        named = [(house.originals.path(sha256), filed.path)]
        try:
            with sandbox.files(named, passwords) as files:
                _, documents = open_documents(
                    sandbox, files, {call.id: call}, call.id, passwords=passwords
                )
                if not documents or any(each.problem is Problem.LOCKED for each in documents):
                    continue
                house.originals.keep_files(files)
        except ParseError as error:
            log.info("a locked file of dossier %s stays so: %s", filed.dossier, error.problem)
            continue
        with house.registry.write() as connection:
            refiling.refile(connection, filed, documents, call, house.clock(), unlocked=True)


def _without_source(files: Sequence[File]) -> Iterator[File]:
    return (replace(each, source=None) for each in files)


# ── judge ────────────────────────────────────────────────────────────────────────────────


def judge_marked(house: House, touched: Touched, stop: Event) -> None:
    """Judge every dossier that has changed since it was last judged.

    One that cannot be judged stays marked, and keeps no other from being judged.
    """
    with house.registry.read() as connection:
        marked = queries.marked(connection)
    for dossier in marked:
        if stop.is_set():
            return
        try:
            if judge_dossier(house.registry, dossier, house.clock()):
                touched.dossiers.add(dossier)
        except Exception as error:
            if is_of_the_house(error):
                raise
            log.exception("dossier %s cannot be judged", dossier)


# ── answer ───────────────────────────────────────────────────────────────────────────────


def write_letters(house: House, touched: Touched, stop: Event) -> None:
    """Write and store every letter that has fallen due; one that fails keeps no other back."""
    now = house.clock()
    receipts = house.settings.receipts
    closings = _closing_soon(house, now)
    with house.registry.read() as connection:
        reading = _being_read(house, connection, now)
        waiting = [each for each in outgoing.waiting(connection) if each.id not in reading.mails]
        lists = notices.open_lists(connection, closings) if closings else ()
        standings = outgoing.standings(
            connection, waiting, {each.dossier for each in lists}, reading=reading.dossiers
        )
        sent = outgoing.sent(connection, now)
    mails = {each.id: each for each in waiting}
    answers = due(waiting, standings, sent, receipts, now)
    reminders = notices.reminders_due(lists, house.settings.notices, receipts, now)
    for letter in (*answers, *reminders):
        if stop.is_set():
            return
        with concerning(mails=letter.mails):
            kept = _write_and_keep(house, letter, mails, standings, now)
        if kept is not None:
            touched.letters.add(kept)
    for to in house.settings.notices.digest_to:
        try:
            _write_digest(house, to, touched, now)
        except TROUBLE:
            raise
        except Exception:
            log.exception("the digest cannot be written")


def _write_and_keep(
    house: House,
    letter: Due,
    mails: Mapping[int, Waiting],
    standings: Mapping[int, Standing],
    now: datetime,
) -> int | None:
    """Write a letter that fell due and store it; None where that failed or is no longer so."""
    try:
        answered = tuple(mails[each] for each in letter.mails)
        kept = _keep(house, _write(house, letter, answered, standings, now), now)
    except Exception as error:
        if is_of_the_house(error):
            raise
        log.exception("a letter on mails %s cannot be written", letter.mails)
        return None
    if kept is not None:
        log.info("letter %s: %s, %s", kept, letter.kind, letter.state)
    return kept


def _being_read(house: House, connection: Connection, now: datetime) -> scanned.Reading:
    """Return what letters wait for: scans that are read, but for no longer than is bearable.

    An acknowledgement waits for nothing else. A mail has one answer, and what a scan says
    decides which: one that came before it would leave the list of what is missing unsent.
    """
    ocr = house.settings.ocr
    return scanned.being_read(connection, now - ocr.patience) if ocr.is_on else scanned.Reading()


def _closing_soon(house: House, now: datetime) -> dict[str, datetime]:
    """Return the closing moments of the calls whose applicants are to be reminded now."""
    moments = {call.id: call.closing_moment(now.tzinfo) for call in house.calls.values()}
    settings = house.settings.notices
    return {
        call: closing
        for call, closing in moments.items()
        if closing and now < closing and notices.is_soon(closing, settings, now)
    }


def _write_digest(house: House, to: str, touched: Touched, now: datetime) -> None:
    """Write the staff's digest, where it falls due."""
    with house.registry.read() as connection:
        last = notices.last_digest(connection, to)
        if not notices.digest_is_due(last, house.settings.notices, now):
            return
        digest = notices.gather_digest(connection, last or notices.a_day_before(now), now)
    zone = house.settings.service.zone
    rendered = write_digest(digest, house.calls, house.settings.center, zone, now.date())
    written = Written(
        due=Due(kind=Kind.DIGEST, notice=True, to=to, mails=(), dossiers=()),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id(house),
    )
    kept = _keep(house, written, now)
    if kept is not None:
        touched.letters.add(kept)
        log.info("letter %s: %s", kept, Kind.DIGEST)


def message_id(house: House) -> str:
    """Return a new Message-ID of the service's own domain."""
    return make_msgid(domain=house.settings.smtp.address.rpartition("@")[2])


def _keep(house: House, written: Written, now: datetime) -> int | None:
    try:
        with house.registry.write() as connection:
            return outgoing.keep_letter(connection, written, now)
    except IntegrityError:
        log.info("a letter was written meanwhile; this one is dropped")
        return None


def _write(
    house: House,
    letter: Due,
    answered: tuple[Waiting, ...],
    standings: Mapping[int, Standing],
    now: datetime,
) -> Written:
    """Render a letter that fell due, and give it its Message-ID, which stays."""
    occasion, thread = _occasion(house, letter, standings)
    zone = house.settings.service.zone
    rendered = write_letter(occasion, house.settings.center, zone, now.date())
    return Written(
        due=letter,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id(house),
        in_reply_to=thread[-1] if thread else "",
        references=thread,
        answered=answered,
        revisions={each: standings[each].revision for each in letter.dossiers},
        points={view.row.id: _told_in(letter, view) for view in occasion.dossiers},
    )


def _told_in(letter: Due, view: DossierView) -> frozenset[Point]:
    """Return what a letter says is missing; an acknowledgement leaves that to the notice."""
    tells = letter.kind in {Kind.MISSING_ITEMS, Kind.REMINDER}
    return outgoing.points_of(view.findings) if tells else frozenset()


def _occasion(
    house: House, letter: Due, standings: Mapping[int, Standing]
) -> tuple[Occasion, tuple[str, ...]]:
    """Gather what a letter is about, and the Message-IDs of the thread it belongs to."""
    with house.registry.read() as connection:
        mails = _with_links(connection, letter)
        rows = queries.dossiers_by_id(connection, letter.dossiers)
        views = queries.views(connection, list(rows.values()))
        calls = {
            row.number: _closing_as_now(call_of(connection, row), house) for row in rows.values()
        }
        told = [standings[each].told for each in letter.dossiers if standings[each].told]
        last = queries.letter_by_id(connection, told[0].letter) if told and told[0] else None
        register_date = queries.register_date(connection)
    settled = {view.row.number: _settled(view, standings[view.row.id]) for view in views}
    remaining = {view.row.number: _remaining(view, standings[view.row.id]) for view in views}
    occasion = Occasion(
        kind=letter.kind,
        notice=letter.notice,
        mails=mails,
        dossiers=views,
        calls=calls,
        default_call=house.default_call,
        settled=settled,
        remaining=remaining,
        merged={row.number: standings[row.id].merged for row in rows.values()},
        register_date=register_date,
        stranger=letter.stranger,
        duplicate=letter.duplicate,
        approved=letter.reason == TO_APPROVE,  # it goes only once a person has
        unread=tuple(name for mail in mails for name in mail.unopened),
    )
    return occasion, _thread(mails, (*last.references, last.message_id) if last else ())


def _with_links(connection: Connection, letter: Due) -> tuple[MailRow, ...]:
    """Return the mails that a letter answers, their links as they stand in its dossiers."""
    return tuple(
        replace(mail, links=link_lists.links_in(connection, mail.id, letter.dossiers))
        for mail in queries.mails_by_id(connection, letter.mails)
    )


def _closing_as_now(call: Call, house: House) -> Call:
    """Return a dossier's call with the closing date as it is now: it may have been put off."""
    now = house.calls.get(call.id, call)
    return call.model_copy(update={"closing": now.closing})


def _settled(view: DossierView, standing: Standing) -> tuple[str, ...]:
    """Return what was told as missing and is no longer: neither that nor in doubt."""
    if standing.told is None:
        return ()
    open_ = {Outcome.MISSING, Outcome.DOUBTFUL}
    still = {(each.id, each.document) for each in view.findings if each.outcome in open_}
    return tuple(dict.fromkeys(finding for finding, _ in sorted(standing.told.listed - still)))


def _remaining(view: DossierView, standing: Standing) -> tuple[str, ...]:
    """Return what was told as missing and still is."""
    if standing.told is None:
        return ()
    still = standing.told.listed & outgoing.points_of(view.findings)
    return tuple(dict.fromkeys(finding for finding, _ in sorted(still)))


def _thread(mails: Sequence[MailRow], before: tuple[str, ...]) -> tuple[str, ...]:
    """Return the References of an answer (RFC 5322, 3.6.4), or of a notice."""
    if not mails:
        return before
    newest = mails[-1]
    return tuple(
        each for each in (*newest.references, newest.message_id) if MESSAGE_ID.fullmatch(each)
    )
