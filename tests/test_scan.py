"""Pages that are pictures are known as such, whatever hides beneath them, and can be read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from docx.shared import Cm
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from parsers import media
from parsers.layout import Line, Sheet
from parsers.reading import read_content
from parsers.submission import Content, Problem, Scan, Seals
from tests.scan_maker import Seal, as_jpeg, as_pdf, page

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))
SEALED = (Seal(x=60, y=200), Seal(x=140, y=200))
HIDDEN = 3
READING = "本联盟由广东示例大学等单位共同发起设立，按照利益共享风险共担的原则开展合作与交流"
RUBBISH = "ABHR fhM PSR RAL Bi7*M EARS WRT EARS PBR hRT LLLL EERE OOO RRR TTT"


def put(folder: Path, raw: bytes) -> Path:
    path = folder / "a"
    path.write_bytes(raw)
    return path


def drawn(folder: Path, *pages: Callable[[Canvas], object], password: str = "") -> Path:
    out = io.BytesIO()
    locked = StandardEncryption(password, canPrint=0) if password else None
    canvas = Canvas(out, pagesize=A4, encrypt=locked)
    for draw in pages:
        canvas.setFont(FONT, 12)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return put(folder, out.getvalue())


def picture(*seals: Seal) -> Callable[[Canvas], object]:
    image = ImageReader(io.BytesIO(as_jpeg(page(("甲方：（盖章）",), seals))))
    return lambda canvas: canvas.drawImage(image, 0, 0, *A4)


def beneath(text: str, mode: int = HIDDEN) -> Callable[[Canvas], object]:
    """A picture of a page with text that nobody sees: invisible, or drawn before it."""

    def draw(canvas: Canvas) -> None:
        for at in range(0, len(text), 30):
            canvas.drawString(80, 700 - at, text[at : at + 30], mode=mode)
        picture()(canvas)

    return draw


def text(*lines: str) -> Callable[[Canvas], object]:
    def draw(canvas: Canvas) -> None:
        for at, line in enumerate(lines):
            canvas.drawString(90, 700 - 20 * at, line)

    return draw


def recognised(image: Image.Image, number: int) -> Sheet:
    """A page reader that sees one line on each page."""
    line = Line(text=f"识别{number}。", x0=90, y0=700, x1=140, y1=712, size=12, lead=12)
    del image
    return Sheet(number=number, width=595, height=842, items=(line,))


def read(path: Path, media_type: str = media.PDF, **options: object) -> Content:
    return read_content(path, media_type, "a", **options)  # type: ignore[arg-type] # by name


def blocks(content: Content) -> list[tuple[int | None, object]]:
    return [(each.number, block) for each in content.pages for block in each.blocks]


def test_a_pdf_of_pictures_is_a_scan_and_its_seals_are_counted(tmp_path: Path) -> None:
    pages = (page(("协议",), SEALED), page(("章程",)), page(("章程",), SEALED[:1]).convert("L"))
    content = read(put(tmp_path, as_pdf(*pages)))
    assert (content.problem, content.scan, content.page_count) == (Problem.SCAN, Scan.UNREAD, 3)
    assert content.seals == tuple(
        Seals(page=number, count=count) for number, count in ((1, 2), (2, 0), (3, None))
    )


@pytest.mark.parametrize("mode", [HIDDEN, 0])
def test_rubbish_beneath_a_picture_is_no_text(tmp_path: Path, mode: int) -> None:
    content = read(drawn(tmp_path, beneath(RUBBISH, mode)))
    assert (content.problem, content.scan) == (Problem.SCAN, Scan.UNREAD)


@pytest.mark.parametrize("mode", [HIDDEN, 0])
def test_what_a_scanner_read_beneath_its_picture_is_text_that_may_be_wrong(
    tmp_path: Path, mode: int
) -> None:
    content = read(drawn(tmp_path, beneath(READING, mode)))
    assert (content.problem, content.scan) == (None, Scan.READ)
    assert READING[:10] in str(blocks(content))


def test_the_name_of_a_scanning_program_is_no_text(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        picture()(canvas)
        canvas.drawString(400, 20, "扫描全能王 创建")

    assert read(drawn(tmp_path, draw)).scan is Scan.UNREAD


def test_text_over_a_background_picture_is_text(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        picture()(canvas)
        text(READING)(canvas)

    content = read(drawn(tmp_path, draw))
    assert (content.problem, content.scan, blocks(content)) == (None, Scan.NONE, [(1, READING)])


def test_pages_that_are_pictures_among_others_are_named(tmp_path: Path) -> None:
    content = read(drawn(tmp_path, text("组建协议"), picture(*SEALED)))
    assert (content.problem, content.scan) == (None, Scan.UNREAD)
    assert "第2页是图片" in content.detail
    assert content.seals == (Seals(page=2, count=2),)


def test_a_seal_put_on_a_page_of_text_is_seen(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        text("组建协议", "甲方（盖章）：")(canvas)
        cut = page((), (Seal(x=100, y=100),)).crop((380, 380, 620, 620))
        canvas.drawImage(ImageReader(cut), 200, 300, 136, 136)

    content = read(drawn(tmp_path, draw, text("第二页")))
    assert (content.scan, content.seals) == (Scan.NONE, (Seals(page=1, count=1),))


def test_recognised_pages_stand_where_they_belong_among_the_others(tmp_path: Path) -> None:
    path = drawn(tmp_path, text("组建协议。"), picture(*SEALED), text("签署页"))
    content = read(path, read_page=recognised)
    assert blocks(content) == [(1, "组建协议。"), (2, "识别2。"), (3, "签署页")]
    assert (content.problem, content.scan, content.detail) == (None, Scan.READ, "")
    assert content.seals == (Seals(page=2, count=2),)


def test_pages_beyond_those_that_may_be_read_stay_pictures(tmp_path: Path) -> None:
    def first_only(image: Image.Image, number: int) -> Sheet | None:
        return recognised(image, number) if number == 1 else None

    content = read(drawn(tmp_path, picture(), picture()), read_page=first_only)
    assert blocks(content) == [(1, "识别1。")]
    assert (content.scan, content.detail) == (Scan.READ, "第2页是图片，没有文字")


@pytest.mark.parametrize(("kind", "count"), [("JPEG", 1), ("PNG", 1), ("BMP", 1), ("TIFF", 2)])
def test_pictures_are_pages(tmp_path: Path, kind: str, count: int) -> None:
    first, *more = [page(("申报表",), SEALED[:1])] * count
    out = io.BytesIO()
    options = {"save_all": True, "append_images": more} if more else {}
    first.save(out, kind, **options)
    path, media_type = put(tmp_path, out.getvalue()), f"image/{kind.lower()}"
    content = read(path, media_type)
    assert (content.problem, content.scan) == (Problem.SCAN, Scan.UNREAD)
    assert [each.count for each in content.seals] == [1] * count
    content = read(path, media_type, read_page=recognised)
    assert blocks(content) == [(at, f"识别{at}。") for at in range(1, count + 1)]
    assert content.scan is Scan.READ


def test_a_logo_is_no_page(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 80), "red").save(out, "PNG")
    content = read(put(tmp_path, out.getvalue()), "image/png", read_page=recognised)
    assert (content.problem, content.scan, content.seals) == (Problem.SCAN, Scan.NONE, ())


def test_a_picture_of_hundreds_of_millions_of_pixels_is_not_opened(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    content = read(put(tmp_path, out.getvalue()), "image/png", read_page=recognised)
    assert (content.problem, content.scan) == (Problem.SCAN, Scan.NONE)


def test_the_pages_pasted_into_a_word_file_are_read_in_their_order(tmp_path: Path) -> None:
    document = docx.Document()
    for seals in (SEALED, ()):
        document.add_picture(io.BytesIO(as_jpeg(page(("章程",), seals))), width=Cm(15))
    path = tmp_path / "a.docx"
    document.save(str(path))
    content = read(path, media.DOCX)
    assert (content.problem, content.scan) == (Problem.SCAN, Scan.UNREAD)
    assert [each.count for each in content.seals] == [2, 0]
    content = read(path, media.DOCX, read_page=recognised)
    assert blocks(content) == [(1, "识别1。"), (2, "识别2。")]


def test_a_broken_picture_in_a_word_file_costs_only_itself(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_picture(io.BytesIO(as_jpeg(page(("章程",)))), width=Cm(15))
    document.save(str(tmp_path / "a.docx"))
    with zipfile.ZipFile(tmp_path / "a.docx", "a") as archive:
        archive.writestr("word/media/image0.jpg", b"\xff\xd8\xff broken")
    content = read(tmp_path / "a.docx", media.DOCX, read_page=recognised)
    assert blocks(content) == [(1, "识别1。")]


def test_a_locked_pdf_opens_with_a_password_of_its_mail_or_says_that_it_is_locked(
    tmp_path: Path,
) -> None:
    path = drawn(tmp_path, text("组建协议"), password="LM2016")
    assert read(path).problem is Problem.LOCKED
    assert read(path, passwords=("wrong",)).problem is Problem.LOCKED
    assert blocks(read(path, passwords=("wrong", "LM2016"))) == [(1, "组建协议")]
