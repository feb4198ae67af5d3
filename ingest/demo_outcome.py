"""What came of the demo's mail, as tables, and whether it is what the story expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from config.call import Call
from ingest.samples.story import Expected, SampleMail
from registry import queries
from registry.rows import DossierView, Fate, Kind, LetterState, Outcome, Status
from reports.wording import FATES, LETTER_KINDS, LETTER_STATES, STATUSES, review_wording

COLOURS = {
    Status.COMPLETE: "green",
    Status.AWAITING_PAPER: "cyan",
    Status.INCOMPLETE: "yellow",
    Status.IN_REVIEW: "magenta",
    Status.WITHDRAWN: "dim",
}
ANSWERED = (Fate.FILED, Fate.DUPLICATE, Fate.UNRELATED)
AT_REST = (LetterState.SENT, LetterState.SUPPRESSED)

# ── tables ───────────────────────────────────────────────────────────────────────────────


def queue_table(connection: Connection, calls: Mapping[str, Call]) -> Table:
    """Return the queue: where every dossier stands, and why."""
    table = _table("编号", "联盟名称", "status", "状态", "待办", "缺", "纸质登记")
    for number in (0, 2, 6):
        table.columns[number].no_wrap = True
    for view in queries.views(connection, queries.queue(connection)):
        row, colour = view.row, COLOURS[view.row.status]
        table.add_row(
            row.number,
            row.name,
            Text(row.status, colour),
            Text(STATUSES[row.status], colour),
            "\n".join(review_wording(code, calls[row.call_id]) for code in row.review),
            "\n".join(each.id for each in view.missing),
            view.paper.register_no if view.paper else "",
        )
    return table


def mail_table(connection: Connection) -> Table:
    """Return how many mails had which fate."""
    table = _table("邮件去向", "fate", "封")
    for fate, count in sorted(queries.count_by_fate(connection).items()):
        table.add_row(FATES[fate], fate, str(count))
    return table


def letter_table(connection: Connection) -> Table:
    """Return how many letters of each kind are in which state."""
    table = _table("函件", "kind", "状态", "state", "封")
    counts = Counter((each.kind, each.state) for each in queries.letters(connection))
    for (kind, state), count in sorted(counts.items()):
        table.add_row(LETTER_KINDS[kind], kind, LETTER_STATES[state], state, str(count))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


# ── the story ────────────────────────────────────────────────────────────────────────────


def differences(connection: Connection, mails: Sequence[SampleMail]) -> list[str]:
    """Tell in what the registry differs from what the story of these mails expects."""
    expected = {each.name: each for mail in mails for each in mail.expected}
    views = queries.views(connection, queries.queue(connection))
    found = {view.row.name: view for view in views}
    unknown = [f"{name}: a dossier that nobody sent" for name in found.keys() - expected.keys()]
    return [
        *_mail_differences(connection, mails),
        *unknown,
        *(each for one in expected.values() for each in _compare(one, found.get(one.name))),
        *_letter_differences(connection, views),
    ]


def _mail_differences(connection: Connection, mails: Sequence[SampleMail]) -> Iterator[str]:
    rows = queries.mails(connection)
    if len(rows) != len(mails):
        yield f"{len(rows)} mails instead of {len(mails)}"
    for mail, row in zip(mails, rows, strict=False):
        if row.fate != mail.fate:
            why = f" ({row.reason})" if row.reason else ""
            yield f"mail {row.id} ({mail.about}): {row.fate}{why} instead of {mail.fate}"
        if row.fate in ANSWERED and len(row.letters) != 1:
            yield f"mail {row.id} ({mail.about}): answered by {len(row.letters)} letters"


def _compare(expected: Expected, view: DossierView | None) -> Iterator[str]:
    if view is None:
        yield f"{expected.name}: no dossier"
        return
    where = f"{view.row.number} {expected.name}"
    if view.row.status != expected.status:
        yield f"{where}: {view.row.status} instead of {expected.status}"
    missing = {each.id for each in view.missing} - {"paper.record"}
    if missing != set(expected.missing):
        yield f"{where}: missing {sorted(missing)} instead of {sorted(expected.missing)}"
    doubtful = {each.id for each in view.findings if each.outcome is Outcome.DOUBTFUL}
    if not set(expected.doubtful) <= doubtful:
        yield f"{where}: doubtful {sorted(doubtful)} without {sorted(expected.doubtful)}"


def _letter_differences(connection: Connection, views: Sequence[DossierView]) -> Iterator[str]:
    letters = queries.letters(connection)
    for letter in letters:
        if letter.state not in AT_REST:
            yield f"letter {letter.id} ({letter.subject}): {letter.state} {letter.reason}"
    told = {
        number for each in letters if each.kind is Kind.MISSING_ITEMS for number in each.dossiers
    }
    for view in views:
        if view.row.status is Status.INCOMPLETE and view.row.number not in told:
            yield f"{view.row.number}: incomplete, and nobody was told what is missing"
    if not any(each.kind is Kind.COMPLETE for each in letters):
        yield "no notice that paper has completed a dossier"
