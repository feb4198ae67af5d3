"""Scans are read when there is time: the answer waits for that, and says what was found.

Here the pictures are really read; `make test-ocr` runs these stories.
"""

from __future__ import annotations

import io
from dataclasses import replace

import pypdfium2
import pytest

from ingest.samples.documents import SampleFile, make_drafts, make_file
from tests.acceptance.applicants import alliance, documents, mail, only
from tests.acceptance.installation import Installation, kinds, lacking

pytestmark = pytest.mark.ocr

EDITABLE = ("申报表", "方案", "协议")


def scanned(kind: str, filename: str, pages: int | None = None) -> SampleFile:
    """A document as a scan, or its first pages, under a name that tells nothing."""
    draft = next(each for each in make_drafts(alliance(0)) if each.kind == kind)
    file = replace(make_file(draft, "scan"), filename=filename)
    if pages is None:
        return file
    whole, part = pypdfium2.PdfDocument(file.content), pypdfium2.PdfDocument.new()
    part.import_pages(whole, list(range(pages)))
    out = io.BytesIO()
    part.save(out)
    part.close()
    whole.close()
    return replace(file, content=out.getvalue())


def test_a_scan_is_read_before_the_one_answer_and_never_twice(house: Installation) -> None:
    scan = scanned("charter", "盖章版.pdf", pages=2)
    house.deliver(mail(0, (*only(documents(0), *EDITABLE), scan)))
    house.once()
    dossier = house.show(house.dossier()["number"])
    found = {each["id"]: each for each in dossier["findings"]}
    assert found["document.charter"]["outcome"] == "ok"
    assert (dossier["status"], lacking(dossier)) == ("awaiting-paper", [])
    assert kinds(house.letters()) == {("acknowledgement", "sent"): 1}
    assert [each["what"] for each in dossier["history"]].count("scan-read") == 1

    house.deliver(mail(0, (scan,), subject=f"补充 {dossier['number']}"))
    house.once()
    with house.registry() as registry:
        states = registry.execute("SELECT state, attempts FROM scan").fetchall()
    assert [tuple(each) for each in states] == [("read", 1)]


def test_a_mail_that_tells_nothing_but_by_its_scan_finds_its_dossier(house: Installation) -> None:
    house.deliver(
        mail(0, (scanned("form", "IMG_0001.pdf", pages=2),), subject="材料", text="见附件")
    )
    house.once()
    dossier = house.show(house.dossier()["number"])
    assert dossier["name"] == alliance(0).name
    assert [each["kind"] for each in dossier["documents"]] == ["form"]
    assert house.fates() == ["filed"]


def test_reading_goes_on_after_the_service_was_killed(house: Installation) -> None:
    scan = scanned("charter", "盖章版.pdf", pages=1)
    house.deliver(mail(0, (*only(documents(0), *EDITABLE), scan)))
    running = house.start("serve", "--no-desk")
    running.wait_for_line("mail 1: filed")
    running.kill()
    assert house.letters() == []
    with house.serve("--no-desk") as running:
        running.wait_for_line(": read, ")
        running.wait_for_line("letter 1 sent")
    assert kinds(house.letters()) == {("acknowledgement", "sent"): 1}
