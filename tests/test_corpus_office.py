"""Public office files, which nobody here wrote: each is read as other readers read it, or says why.

The files are not part of the project; without them nothing here runs. `make test` compares
with the standard library and with the small readers that are installed; with
INTAKE_SECOND_READERS=1 in the environment LibreOffice reads every file, too.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from lxml import etree
from rapidfuzz import fuzz

from parsers import media
from parsers.ole import open_ole, with_stream
from parsers.reading import read_content
from parsers.sheet import read_workbook
from parsers.submission import Content, Problem
from parsers.workbook_key import EXCELS_OWN, open_package, open_records

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "office"
SECOND_READERS = "INTAKE_SECOND_READERS"
ALIKE = 0.98

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the public corpus is not here")

# ── What no text is read from, and why ───────────────────────────────────────────────

PRESENTATIONS = (".ppt", ".pptx")  # extras beside a dossier, which nobody needs to read
UNREAD: dict[Problem, frozenset[str]] = {
    # Encrypted or under rights management.
    Problem.LOCKED: frozenset({
        "password.xls", "protected_normal_case.docx", "protected_upper_case.docx",
        "testEXCEL_protected_passtika.xls", "testEXCEL_protected_passtika.xlsx",
        "testEXCEL_protected_passtika_2.xlsx", "testODTEncrypted.odt",
        "testPPT_protected_passtika.pptx", "testWORD_protected_drm.doc",
        "testWORD_protected_passtika.doc", "testWORD_protected_passtika.docx",
    }),
    # Cut off: a package without its directory, RTF without its end. WordPerfect's first format
    # bears no mark: under `.doc` it is not what the name says.
    Problem.DAMAGED: frozenset({
        "testBinControlWord.rtf", "testWORD_truncated.docx", "testWordPerfect_42.doc",
    }),
    # Works, Word 6 and Excel 4.
    Problem.UNSUPPORTED: frozenset({
        "testEXCEL_4.xls", "testWORD6.doc", "testWORKS.wps", "testWORKS2000.wps",
        "testWORKSWordProcessor3.0.wps", "testWORKSWordProcessor4.0.wps",
    }),
    # Pictures, charts, drawings or embedded files, and not a word beside them.
    Problem.SCAN: frozenset({
        "Doc1_ole.doc", "Page5.ofd", "V4RideRight.ofd", "having-images.docx",
        "shp-inline-shape-access.docx",
        "testEXCEL_95.xls", "testEXCEL_diagramData.xlsx", "testEXCEL_embeddedPDF_mac.xls",
        "testEXCEL_embeddedPDF_mac.xlsx", "testEXCEL_embeddedPDF_windows.xls",
        "testEXCEL_embeddedPDF_windows.xlsx", "testEXCEL_textbox.xls", "testEXCEL_textbox.xlsx",
        "testExcel_embeddedPDF.xls", "testExcel_embeddedPDF.xlsx",
        "testMSChart-govdocs-428996.xls", "testMSChart-govdocs-428996.xlsx",
        "testODTEmbeddedImageLink.odt", "testRTFEmbeddedLink.rtf", "testWORD_charts.docx", "testWPSAttachment.doc",
        "testWPSAttachment.docx", "testWPSAttachment.xls", "testWPSAttachment.xlsx",
    }),
    # No text but in headers, or none at all.
    Problem.EMPTY: frozenset({
        "blk-containing-table.docx", "default.docx", "doc-coreprops.docx", "doc-default.docx",
        "doc-no-coreprops.docx", "doc-word-default-blank.docx", "headerPic.docx",
        "set-no-settings-part.docx", "sty-behav-props.docx", "sty-having-no-styles-part.docx",
        "sty-having-styles-part.docx", "tbl-2x2-table.docx", "tbl-col-props.docx",
        "tbl-having-tables.docx", "tbl-on-off-props.docx", "testEXCEL_poi-61034.xlsx",
        "testRTFBoldPlain.rtf", "testWORD_header_hyperlink.doc",
        "testWORD_missing_ooxml_bean1.docx", "testWORD_multi_authors.doc",
        "testWORD_multi_authors.docx", "test_list_override.rtf",
    }),
}  # fmt: skip


def corpus(*suffixes: str) -> list[Path]:
    """Return the files with one of these endings, or all."""
    files = (path for path in CORPUS.rglob("*") if path.is_file())
    return sorted(path for path in files if not suffixes or path.suffix in suffixes)


@cache
def read(path: Path) -> Content:
    with path.open("rb") as file:
        head = file.read(media.HEAD_BYTES)
    return read_content(path, media.media_type_of(head, path, path.name), path.name)


def test_every_file_gives_its_text_or_the_right_reason() -> None:
    expected = {name: problem for problem, names in UNREAD.items() for name in names}
    for path in corpus():
        content = read(path)
        problem = Problem.UNSUPPORTED if path.suffix in PRESENTATIONS else None
        assert content.problem is expected.get(path.name, problem), path.name
        assert bool(content.pages) != bool(content.problem), path.name


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("testEXCEL_protected_passtika.xlsx", "tika"),
        ("testEXCEL_protected_passtika_2.xlsx", "tika"),
        ("testWORD_protected_passtika.docx", "tika"),
        ("protected_normal_case.docx", "password"),
        ("protect.xlsx", EXCELS_OWN),
    ],
)
def test_an_encrypted_package_opens_with_its_password(name: str, password: str) -> None:
    (path,) = (path for path in corpus() if path.name == name)
    with open_ole(path) as ole:
        raw = open_package(ole.read("EncryptionInfo"), ole.read("EncryptedPackage"), password)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None


@pytest.mark.parametrize(
    ("name", "password"),
    [("testEXCEL_protected_passtika.xls", "tika"), ("password.xls", "password")],
)
def test_an_encrypted_workbook_opens_with_its_password(
    tmp_path: Path, name: str, password: str
) -> None:
    (path,) = (path for path in corpus() if path.name == name)
    with open_ole(path) as ole:
        records = open_records(ole.read("Workbook"), password)
    (tmp_path / name).write_bytes(with_stream(path.read_bytes(), "Workbook", records))
    assert read_workbook(tmp_path / name, media.XLS).pages


# ── How alike two readings are ───────────────────────────────────────────────────────

_UNCOUNTED = re.compile("[\\s\ufeff\u00ad\u200b-\u200f\u2060•◦▪·–➢□]")


def squeezed(text: str) -> str:
    """Return a text without white space, bullets and signs that nobody sees."""
    return _UNCOUNTED.sub("", text)


def cells(content: Content) -> list[str]:
    """Return the lines and the cells of a content."""
    blocks = [block for page in content.pages for block in page.blocks]
    rows = (row for block in blocks for row in ([[block]] if isinstance(block, str) else block))
    return [line for row in rows for cell in row for line in cell.split("\n")]


def alike(ours: Sequence[str], theirs: Sequence[str], beside: Iterable[str] = ()) -> float:
    """Return how alike two readings are, from 0 to 1.

    Readers put boxes, notes and headers in different places. So where the texts as they
    stand differ, it is the share of our lines that they have, and of theirs that we have,
    whichever is less; `beside` is what they have, but not in the running text.
    """
    mine, other = squeezed("".join(ours)), squeezed("".join(theirs))
    ratio = fuzz.ratio(mine, other) / 100 if mine or other else 1.0
    if ratio >= ALIKE:
        return ratio
    return max(ratio, min(_share(ours, other + squeezed("".join(beside))), _share(theirs, mine)))


def _share(lines: Iterable[str], whole: str) -> float:
    told = [squeezed(line) for line in lines]
    total = sum(map(len, told))
    return sum(len(line) for line in told if line in whole) / total if total else 1.0


def unlike(readings: Iterable[tuple[Path, Sequence[str], Sequence[str]]]) -> dict[str, float]:
    """Return the files that another reader reads too differently, and how alike they are."""
    found = {
        path.name: round(alike(cells(read(path)), theirs, beside), 3)
        for path, theirs, beside in readings
        if not read(path).problem
    }
    return {name: score for name, score in found.items() if score < ALIKE}


# ── The standard library reads what is XML in a zip ──────────────────────────────────


def parts_of(path: Path, wanted: str) -> Iterator[etree._Element]:
    parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if re.fullmatch(wanted, name):
                yield etree.fromstring(archive.read(name), parser)


def text_of(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def words_of_docx(path: Path) -> list[str]:
    """Return the text of each run, in all parts that hold text."""
    parts = parts_of(path, r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
    left_out = {"Fallback", "moveFrom", "del"}
    return [
        "".join(each.text or "" for each in run if local(each) == "t")
        for part in parts
        for run in part.iter("{*}r")
        if not any(local(above) in left_out for above in run.iterancestors())
    ]


def words_of_odt(path: Path) -> list[str]:
    parts = parts_of(path, "content.xml")
    return [text_of(each) for part in parts for each in part.iter("{*}p", "{*}h")]


def words_of_ofd(path: Path) -> list[str]:
    """Return all that stands on pages, one piece a sign: pages are laid out in any order."""
    parts = parts_of(path, r".*/(Content|Tpls|Pages|Annots).*\.xml")
    return [text_of(each) for part in parts for each in part.iter("{*}TextCode")]


NUMBERED = {
    "num-having-numbering-part.docx", "testPhoneNumberExtractor.odt", "testStyles.odt",
    "testWORD_numbered_list.docx", "testWORD_override_list_numbering.docx",
    "testWORD_various.docx",
}  # fmt: skip
"""Their numbers stand in no text, so only those who number see them."""

UNLIKE_STANDARD = frozenset({
    *NUMBERED,
    "testAltChunkHTML.docx", "testAltChunkMHT.docx",  # the text is a web page
    "testODTnotaZipFile.odt",  # it is plain text
    "testFooter.odt",  # its footer stands in another part
    "testODTStyles3.odt",  # values of fields that are not shown
    "testODFwithOOo3.odt",  # comments and a deletion are text to it
    "testWORD_2006ml.docx", "testWORD_features.docx",  # hidden text is text to it
    "testWORD_phonetic.docx",  # so are readings above characters
})  # fmt: skip


def test_the_standard_library_reads_the_same() -> None:
    readers = {".docx": words_of_docx, ".odt": words_of_odt}
    readings = (
        (path, readers[path.suffix](path), ())
        for path in corpus(*readers)
        if not read(path).problem and path.name not in UNLIKE_STANDARD
    )
    assert unlike(readings) == {}


UNLIKE_ON_PAGES = frozenset({
    "1-1.ofd", "透明度文字.ofd", "发票示例.ofd",  # watermarks, which are left out
    "keyword.ofd",  # a code written downwards, a character a line; its digits are like page numbers
})  # fmt: skip


def test_the_standard_library_sees_the_same_characters_on_fixed_pages() -> None:
    for path in corpus(".ofd"):
        if not read(path).problem and path.name not in UNLIKE_ON_PAGES:
            ours, theirs = (
                Counter("".join("".join(each).split()))
                for each in (cells(read(path)), words_of_ofd(path))
            )
            assert ours == theirs, path.name


# ── Other readers, where they are installed ──────────────────────────────────────────

UNLIKE_ANTIWORD = frozenset({
    "simple_lower_case.doc", "simple_upper_case.doc", "test.doc", "testWORD_phonetic.doc",
    "testWORD_tabular_symbol.doc", "testWORDML_tableInsideParagraph.doc",  # it reads none of them
    "testWORD.doc", "testWORD_no_format.doc", "testWORD_various.doc", "test_TIKA-1251.doc",
    "testWORD_numbered_list.doc",  # it leaves headers and boxes out, and tells where notes stand
    "testWORD_2006ml.doc", "testWORD_features.doc",  # deleted and hidden text is text to it
    "testWORD_embedded_rtf.doc", "test_recursive_embedded.doc",  # it says [pic] where one is
    "testWORD_override_list_numbering.doc",  # whose text tells the numbers: ours are those
})  # fmt: skip


@pytest.mark.skipif(not shutil.which("antiword"), reason="antiword is not installed")
def test_antiword_reads_the_same() -> None:
    readings = []
    for path in corpus(".doc"):
        command = ["antiword", "-m", "UTF-8", "-w", "0", str(path)]
        done = subprocess.run(command, capture_output=True, check=False)
        text = done.stdout.decode(errors="replace").replace("|", "")
        readings.append((path, text.splitlines(), ()))
    assert unlike(reading for reading in readings if reading[0].name not in UNLIKE_ANTIWORD) == {}


LIBRE_OFFICE = pytest.mark.skipif(
    not (os.environ.get(SECOND_READERS) and shutil.which("soffice")),
    reason=f"LibreOffice reads along where it is installed and {SECOND_READERS}=1",
)
UNLIKE_LIBRE_OFFICE = frozenset({
    "footnotes.docx", "testRTFVarious.rtf", "testWORD_various.doc", "testWORD_various.docx",
    # It tells where a note stands.
    "testODFwithOOo3.odt", "testWORD_2006ml.doc", "testWORD_2006ml.docx",
    "testWORD_embedded_pics.docx", "testWORD_features.doc", "testWORD_features.docx",
    # Deleted and hidden text is text to it.
    "testAltChunkHTML.docx", "testAltChunkMHT.docx",  # it leaves web pages in documents out
    "testRTFInvalidUnicode.rtf",  # half a character is a question mark to it
    "testWORD_no_format.doc", "testWORD_no_format.docx",  # it leaves a field in the footer out
    "testWORD_numbered_list.doc", "testWORD_numbered_list.docx",  # and numbers in boxes and notes
    "testWORD_override_list_numbering.doc", "testWORD_override_list_numbering.docx",
    # The text tells the numbers: it misses ours.
})  # fmt: skip
UNLIKE_SHEETS = frozenset({
    "testEXCEL-formats.xls", "testEXCEL-formats.xlsx",  # parts of a second; days before 1900
    "testEXCEL-charts.xls", "testEXCEL_charts.xlsx",  # the tables of charts are cells to it
})  # fmt: skip


def converted(files: Sequence[Path], target: str, folder: Path) -> dict[Path, Path]:
    """Let LibreOffice write files anew, each where no other of its name is."""
    found: dict[Path, Path] = {}
    for suffix in {path.suffix for path in files}:
        out = folder / target / suffix
        out.mkdir(parents=True)
        own = [path for path in files if path.suffix == suffix]
        command = [
            "soffice",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
        ]
        command += ["--convert-to", target, "--outdir", str(out), *map(str, own)]
        subprocess.run(command, capture_output=True, check=False, timeout=600)
        made = {path: out / f"{path.stem}.{target.partition(':')[0]}" for path in own}
        found |= {path: there for path, there in made.items() if there.exists()}
    return found


def flat(path: Path) -> etree._Element:
    return etree.parse(path, etree.XMLParser(resolve_entities=False, huge_tree=True)).getroot()


@LIBRE_OFFICE
@pytest.mark.timeout(900)
def test_libre_office_reads_the_same_texts(tmp_path: Path) -> None:
    files = [
        path
        for path in corpus(".doc", ".docx", ".docm", ".dot", ".rtf", ".odt")
        if not read(path).problem
    ]
    texts = converted(files, "txt:Text (encoded):UTF8", tmp_path)
    whole = converted(files, "fodt", tmp_path)
    assert len(texts) >= len(files) * ALIKE
    readings = (
        (
            path,
            text.read_text("utf-8").splitlines(),
            [text_of(each) for each in flat(whole[path]).iter("{*}p", "{*}h")],
        )
        for path, text in texts.items()
        if path in whole and path.name not in UNLIKE_LIBRE_OFFICE
    )
    assert unlike(readings) == {}


@LIBRE_OFFICE
@pytest.mark.timeout(900)
def test_libre_office_reads_the_same_cells(tmp_path: Path) -> None:
    files = [path for path in corpus(".xls", ".xlsx") if not read(path).problem]
    made = converted(files, "fods", tmp_path)
    assert len(made) == len(files)
    for path, there in made.items():
        root = flat(there)
        named = {
            squeezed(str(value)): 1
            for each in root.iter("{*}table")
            for key, value in each.items()
            if str(key).endswith("}name")
        }
        ours = Counter(filter(None, map(squeezed, cells(read(path)))))
        theirs = Counter(filter(None, map(squeezed, values(root))))
        if path.name not in UNLIKE_SHEETS:
            assert not theirs - ours, path.name
            assert not (ours - theirs) - Counter(named), path.name


def values(root: etree._Element) -> Iterator[str]:
    """Yield what each cell of a flat spreadsheet keeps, in the words of `parsers.sheet`."""
    for cell in root.iter("{*}table-cell", "{*}covered-table-cell"):
        told = {str(key).rpartition("}")[2]: str(value) for key, value in cell.items()}
        kind = told.get("value-type", "")
        times = int(told.get("number-columns-repeated", "1"))
        text = "\n".join(text_of(each) for each in cell.iterchildren("{*}p"))
        if kind in {"float", "percentage", "currency"}:
            text = format(float(told["value"]), ".15g")
        elif kind == "date":
            text = told["date-value"].replace("T", " ")
        elif kind == "time":
            text = re.sub(r"PT(\d+)H(\d+)M(\d+)S", r"\1:\2:\3", told["time-value"])
        elif kind == "boolean":
            text = told["boolean-value"].upper()
        yield from text.split("\n") * (times if kind else 0)
