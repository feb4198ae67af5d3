"""A mail as large as providers take: bounded memory, the dossier in it filed all the same."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from threading import Event, Thread
from typing import Self

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.samples.documents import SampleFile
from tests.acceptance.applicants import documents, mail
from tests.acceptance.installation import Installation

MEGABYTE = 1 << 20
ALLOWED = 600 * MEGABYTE


def test_a_mail_of_fifty_megabytes_takes_less_than_six_hundred_of_memory(
    house: Installation,
) -> None:
    """All processes together: the service, its children, what they start."""
    raw = mail(0, (*documents(0), photos(), scan(), bundle()))
    assert len(raw) > 50 * MEGABYTE
    house.deliver(raw)
    running = house.start("once", "--no-letters")
    with Gauge(running.process.pid) as gauge:
        running.process.wait(timeout=120)
    running.end()
    assert running.process.returncode == 0
    [dossier] = house.queue()
    kinds = [each["kind"] for each in dossier["documents"] if each["kind"] != "other"]
    assert sorted(kinds) == ["agreement", "charter", "form", "plan"]
    assert gauge.peak < ALLOWED, f"{gauge.peak / MEGABYTE:.0f} MB"


def noise(size: int) -> bytes:
    """Bytes that no compression makes smaller, always the same."""
    return hashlib.shake_128(b"noise").digest(size)


def picture(side: int) -> Image.Image:
    """A picture that no compression makes much smaller."""
    return Image.frombytes("RGB", (side, side), noise(3 * side * side))


def photos() -> SampleFile:
    buffer = io.BytesIO()
    picture(2600).save(buffer, "PNG")
    return SampleFile(filename="现场照片.png", content=buffer.getvalue(), media_type="image/png")


def scan() -> SampleFile:
    """A scan of a few pages in full colour."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for side in (1000, 1010, 1020):
        canvas.drawImage(ImageReader(picture(side)), 0, 0, 595, 842)
        canvas.showPage()
    canvas.save()
    return SampleFile(
        filename="盖章页.pdf", content=buffer.getvalue(), media_type="application/pdf"
    )


def bundle() -> SampleFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("附图/数据.bin", noise(10 * MEGABYTE))
    return SampleFile(filename="附图.zip", content=buffer.getvalue(), media_type="application/zip")


class Gauge(Thread):
    """The most memory that a process and all its descendants held at one time, in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self._pid = pid
        self._over = Event()
        self.peak = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.01):
            self.peak = max(self.peak, sum(map(own_memory, descendants(self._pid))))


def descendants(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text("ascii").split()]
            except OSError:
                continue
    return found


def own_memory(pid: int) -> int:
    """Return a process's proportional share of memory; nothing when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)
