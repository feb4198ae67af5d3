"""The staff's digest 每日简报: what is new, what waits for a person, what has not been reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from config.call import Call
from config.settings import Center
from registry.notices import Digest
from registry.rows import DossierRow
from reports.letters import Rendered, chapters, edit_html, environment, moment_of, one_line, tidy
from reports.wording import FATES, LETTER_STATES, reviews_wording


def write_digest(
    digest: Digest, calls: Mapping[str, Call], center: Center, zone: ZoneInfo, today: date
) -> Rendered:
    """Write the digest of one morning."""

    def reasons(row: DossierRow) -> str:
        call = calls.get(row.call_id)
        return reviews_wording(row.review, call) if call else ""

    values = {
        "digest": digest,
        "dossiers": (
            ("新收的申报材料", digest.opened, False),
            ("已齐全的申报材料", digest.completed, False),
            ("待人工核对的申报材料", digest.in_review, True),
            ("今日须告知结果的申报材料", digest.due, False),
        ),
        "reasons": reasons,
        "fates": FATES,
        "states": LETTER_STATES,
        "chapter": chapters(),
        "moment": partial(moment_of, zone=zone),
        "center": center,
        "today": today,
    }
    subject = environment().get_template("digest/subject.txt").render(values)
    text = tidy(environment().get_template("digest/body.txt").render(values))
    return Rendered(subject=one_line(subject), text=text, html=edit_html(text))
