"""Reading one cell of the paper register as people fill it in. Nothing here ever raises.

A reading is a value and a complaint; the complaint, in Chinese, is empty unless the cell
holds something that could not be understood, and its value is then None.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from parsers.lines import visible
from registry.sheets import Cell

_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_EXCEL_EPOCH = date(1899, 12, 30)
_MOST_COPIES = 999

_HOUR = r"(?:\s*T?\s*\d{1,2}\s*[:时点].*|\s*\(?(?:周|星期|上午|下午|中午|晚).*)?"
_WHOLE_DATE = re.compile(
    rf"(\d{{4}}|\d{{2}})\s*[年./\-]\s*(\d{{1,2}})\s*[月./\-]\s*(\d{{1,2}})\s*[日号.]?{_HOUR}",
    re.ASCII,
)
_SHORT_DATE = re.compile(rf"(\d{{1,2}})\s*[月./\-]\s*(\d{{1,2}})\s*[日号.]?{_HOUR}", re.ASCII)
_SOLID_DATE = re.compile(r"(20\d\d)(\d\d)(\d\d)", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)

_NUMERAL = r"(?:\d{1,3}|[〇零一二两三四五六七八九十]{1,3})"
_UNIT = r"(?:份|套|本|册)"
_COPIES = (
    re.compile(rf"(?P<one>{_NUMERAL})正(?P<more>{_NUMERAL})副"),
    re.compile(
        rf"正本?(?P<one>{_NUMERAL}){_UNIT}?[,、;+和]?副本?(?P<more>{_NUMERAL}){_UNIT}?(?:\(.*\))?"
    ),
    re.compile(rf"(?:一式|共|合计)?(?P<one>{_NUMERAL})(?:\.0+)?{_UNIT}?(?:\(.*\))?"),
)
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")
_DIGITS = {each: value for value, each in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YES = _words(
    "是 有 齐 全 对 好 已 √ ✓ ✔ ☑ V Y YES TRUE T OK 1 齐全 齐备 完整 已齐 已全 已有 具备 合格 符合 "
    "已盖 已盖章 盖齐 已盖齐 均已盖 均已盖章 全部盖章 盖章齐全 已签章 "
    "无缺 不缺 无误 同意 推荐 同意推荐 已推荐 有推荐 已出具"
)
_NO = _words(
    "否 无 缺 未 错 没 欠 × ✗ ✘ ☒ X N NO FALSE F 0 没有 暂无 未盖 未盖章 没盖 未盖齐 "
    "不齐 不全 不齐全 未齐 未推荐 未见 未出具"
)
_UNLOOKED = _words("- / — — – ― ? 待查 待定 待核 待核对 未核 未核对 未查 不详 见备注")
_LACK = re.compile("[缺未不没欠差待否×]|无(?![线锡])|少(?![数年])")
_NO_LACK = re.compile("[无不]缺|没有缺|无误|无遗漏")
_LONGEST_FIRST = "|".join(sorted(map(re.escape, _YES - {"1"}), key=len, reverse=True))
_YES_AND_MORE = re.compile(rf"(?:{_LONGEST_FIRST})[(,;:、。.\s\d].*", re.DOTALL)
_LETTER_NUMBER = re.compile(r"[〔\[(]20\d\d[〕\])]\s*\d+\s*号")
_HAN = re.compile("[一-鿿]")

_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}")
_PHONE = re.compile(
    r"(?<!\d)(?:\+?86[- ]?)?(?:1\d{10}|(?:0\d{2,3}[- ]?)?\d{7,8})(?:-\d{1,6})?(?!\d)"
)
_WHOLE_PHONE = re.compile(r"1\d{10}|[2-9]\d{6,7}|[48]00\d{7}")
_AREA_PHONE = re.compile(r"(?:10|2\d)\d{8}|[3-9]\d{2}\d{7,8}")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A yes-or-no cell: None when nobody has looked. `text` is what it says beyond yes or no."""

    value: bool | None
    text: str = ""
    complaint: str = ""


def text_of(cell: Cell) -> str:
    """Return a cell as its reader sees it; a number that Excel made of digits without `.0`."""
    match cell:
        case str():
            text = visible(cell).strip()
        case None:
            text = ""
        case bool():
            text = "是" if cell else "否"
        case float():
            text = str(int(cell)) if cell.is_integer() else format(cell, ".15g")
        case datetime():
            text = str(cell.date()) if cell.time() == time() else cell.isoformat(" ", "minutes")
        case _:  # int, date
            text = str(cell)
    return text


def _narrow(cell: Cell) -> str:
    return unicodedata.normalize("NFKC", text_of(cell)).strip()


def lacks_year(cell: Cell) -> bool:
    """Whether a cell holds a date without its year: 6.1 or 5月31日."""
    if isinstance(cell, date):
        return False
    text = _narrow(cell)
    return not _WHOLE_DATE.fullmatch(text) and _SHORT_DATE.fullmatch(text) is not None


def read_date(cell: Cell, year: int, today: date) -> tuple[date | None, str]:
    """Read a date: Excel's own, ISO, 2016/6/1, 2016年6月1日; 6.1 and 5月31日 are of that year.

    Where they would lie after `today` they are of the year before: nothing was received yet.

    Excel keeps a typed 5.30 as the number 5.3, and no trace of the zero. It is read as the
    3rd, as 5.3 is where people write dates so, and complained of, for a person to look.
    """
    match cell:
        case datetime():
            return _checked(cell.date(), cell)
        case date():
            return _checked(cell, cell)
    text = _narrow(cell)
    if not text:
        return None, ""
    found = _day_of(text, year)
    if found and found > today and lacks_year(cell):
        found = _day_of(text, year - 1)
    if found is None:
        return None, f"“{text}”读不出日期，按空白处理"
    if isinstance(cell, float) and _SHORT_DATE.fullmatch(text):
        return found, _doubt_of_zero(text, found)
    return _checked(found, cell)


def _doubt_of_zero(text: str, day: date) -> str:
    """Say how a number was read that may have lost a zero: 5.3, unlike 5.31 or 2.3."""
    if len(text.partition(".")[2]) > 1 or _day(day.year, str(day.month), f"{day.day}0") is None:
        return ""
    return f"“{text}”按{day.month}月{day.day}日读取，若为{day.month}月{day.day}0日请改写"


def _checked(day: date, cell: Cell) -> tuple[date | None, str]:
    """Refuse years in which no register was kept: 5.31 in a date cell of Excel is 1900-01-05."""
    if _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return day, ""
    return None, f"“{text_of(cell)}”读不出日期，按空白处理"


def _day_of(text: str, year: int) -> date | None:
    if found := _WHOLE_DATE.fullmatch(text) or _SOLID_DATE.fullmatch(text):
        century = "" if len(found[1]) > 2 else "20"  # noqa: PLR2004 - digits of a short year
        return _day(int(century + found[1]), found[2], found[3])
    if found := _SHORT_DATE.fullmatch(text):
        return _day(year, found[1], found[2])
    if found := _SERIAL.fullmatch(text):
        return _EXCEL_EPOCH + timedelta(days=int(found[1]))
    return None


def _day(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None


def read_copies(cell: Cell) -> tuple[int | None, str]:
    """Read how many copies: 5, 5份, 一式五份, 伍份, 正1副4 (which are five)."""
    written = "".join(_narrow(cell).split())
    text = written.translate(_FORMAL)
    if not text:
        return None, ""
    for pattern in _COPIES:
        if found := pattern.fullmatch(text):
            numerals = [each for each in found.groupdict().values() if each]
            numbers = [_numeral(each) for each in numerals]
            total = sum(each for each in numbers if each is not None)
            if None not in numbers and total <= _MOST_COPIES:
                return total, ""
    return None, f"“{written}”读不出份数，按空白处理"


def _numeral(text: str) -> int | None:
    """Return a number up to 99 in Chinese numerals or digits, None when it is none."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if any(each not in _DIGITS for each in tens + ones) or max(len(tens), len(ones)) > 1:
        return None
    return (_DIGITS[tens] if tens else 1) * 10 * bool(ten) + (_DIGITS[ones] if ones else 0)


def read_seals(cell: Cell) -> Mark:
    """Read whether the seals are complete; other words (缺1份) mean no, and are its detail."""
    text = text_of(cell)
    found = _mark(text)
    if found is None and _HAN.search(text):
        return Mark(value=False, text=text)
    return found or _unread(text)


def read_recommendation(cell: Cell) -> Mark:
    """Read whether the recommendation is there; the number of its letter says that it is.

    Other words mean no only where they speak of a lack: a bureau's name alone does not.
    """
    text = text_of(cell)
    found = _mark(text)
    if found is None and _lacks(text):
        return Mark(value=False, text=text)
    if found is None and _LETTER_NUMBER.search(text):
        return Mark(value=True, text=text)
    return found or _unread(text)


def _mark(text: str) -> Mark | None:
    """Return what a yes-or-no cell says in usual words, None for other words."""
    plain = unicodedata.normalize("NFKC", text).upper().strip(" 。.!;,")
    if not plain or plain in _UNLOOKED:
        return Mark(value=None, text=text)
    if plain in _YES or plain in _NO:
        return Mark(value=plain in _YES)
    if _YES_AND_MORE.fullmatch(plain) and not _lacks(plain):
        return Mark(value=True, text=text)
    return None


def _lacks(text: str) -> bool:
    return _LACK.search(_NO_LACK.sub("", text)) is not None


def _unread(text: str) -> Mark:
    return Mark(value=None, text=text, complaint=f"“{text}”看不出是或否，按空白处理")


def read_phone(cell: Cell) -> tuple[str, str]:
    """Read a telephone number, with the 0 of its area code that a number cell has lost.

    Mobile and local numbers are whole; any other number is kept and complained of.
    """
    text = text_of(cell)
    if not isinstance(cell, int | float) or isinstance(cell, bool) or _WHOLE_PHONE.fullmatch(text):
        return text, ""
    if _AREA_PHONE.fullmatch(text):
        return f"0{text}", ""
    return text, f"“{text}”不像完整的电话号码，请核对"


def split_contact(text: str) -> dict[str, str]:
    """Divide a cell that holds a contact's name, telephone and mail address together."""
    emails = _EMAIL.findall(text)
    rest = _EMAIL.sub(" ", text)
    phones = _PHONE.findall(rest)
    name = re.sub(r"(?:电话|手机|邮箱|联系人)\s*[:：]?", " ", _PHONE.sub(" ", rest))
    return {
        "contact": " ".join(re.sub(r"[·/、,，;；:：()（）|]+", " ", name).split()),
        "mobile": "、".join(phones),
        "email": "、".join(emails),
    }
