"""Links 超大附件 to files that lie with a mail provider or a cloud drive: found, never followed.

What the mail tells of each is read beside it: name, size, access code, until when it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from parsers.submission import Link

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_ZONE = ZoneInfo("Asia/Shanghai")  # in which these providers write their days

_PROVIDERS = (
    ("腾讯企业邮箱", r"exmail\.qq\.com/(?:cgi-bin/)?ftn"),
    ("QQ邮箱", r"[\w.-]{0,20}mail\.qq\.com/(?:cgi-bin/)?ftn|[\w.-]{0,40}ftn\.qq\.com/"),
    ("网易企业邮箱", r"edisk\.qiye\.163\.com/api/"),
    ("网易邮箱", r"[\w.-]{0,20}mail\.(?:163|126|yeah)\.(?:com|net)/(?:large-attachment|xdownload)"),
    # Below every mail written in 网易邮箱大师 stands another address of dashi.163.com.
    ("网易邮箱", r"dashi\.163\.com/html/cloud-attachment|fs\.163\.com/"),
    ("189邮箱", r"download\.cloud\.189\.cn/"),
    ("天翼云盘", r"(?:h5\.)?cloud\.189\.cn/(?:t/|web/share|share)"),
    ("新浪邮箱", r"mail\.sina\.com\.cn/filecenter/"),
    ("百度网盘", r"(?:pan|yun)\.baidu\.com/(?:s/|share/|e/)"),
    ("腾讯微云", r"share\.weiyun\.com/"),
    ("微盘", r"drive\.weixin\.qq\.com/s"),
    ("阿里云盘", r"(?:www\.)?(?:alipan|aliyundrive)\.com/s/"),
    ("123云盘", r"(?:www\.)?(?:123pan|123684|123865|123912)\.(?:com|cn)/s/"),
    ("夸克网盘", r"pan\.quark\.cn/s/"),
    ("迅雷云盘", r"pan\.xunlei\.com/s/"),
    ("115网盘", r"(?:www\.)?115\.com/s/"),
    ("中国移动云盘", r"(?:cai)?yun\.139\.com/(?:link|m/i|w/i|shareweb)"),
    ("坚果云", r"(?:www\.)?jianguoyun\.com/p/"),
    ("蓝奏云", r"[\w-]{1,20}\.lanzou[a-z]?\.com/"),
    ("文叔叔", r"(?:www\.)?wenshushu\.cn/[ft]/"),
    ("奶牛快传", r"(?:www\.)?cowtransfer\.com/s/"),
    ("OneDrive", r"1drv\.ms/|[\w-]{1,40}-my\.sharepoint\.(?:com|cn)/:"),
    ("Google Drive", r"drive\.google\.com/file/d/"),
)
_HOSTS = "|".join(f"(?P<p{at}>{pattern})" for at, (_, pattern) in enumerate(_PROVIDERS))
_URL = re.compile(
    rf"(?<![A-Za-z0-9_./@-])(?:https?://)?(?:{_HOSTS})[!#-&(-;=?-~]{{0,1500}}", re.IGNORECASE
)
_EXTENSIONS = (
    "rar|zip|7z|z\\d\\d|tar|gz|docx?|wps|rtf|pdf|xlsx?|et|csv|pptx?|dps|ofd|txt|eml|msg|"
    "jpe?g|png|tiff?|bmp|gif|heic|mp4|mov|avi|wmv|wav|mp3|dwg|psd|iso"
)
_NAME = re.compile(
    r"[^\s/\\:：<>|\"“”「」《》()（）,，;；][^/\\:：<>|\"“「，。；！\n\t]{0,120}?"
    rf"\.(?:{_EXTENSIONS})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_SHARED = re.compile(r"分享的文件\s*[:：]\s*(?P<name>\S[^\n]{0,120}?)\s*(?:链接\s*[:：]|\n|$)")
_SIZE = re.compile(
    r"(?<![A-Za-z0-9.])\d+(?:\.\d+)?\s*(?:[KMGT]i?B?|字节|bytes)(?![A-Za-z0-9])", re.IGNORECASE
)
_DAY = r"\d{4}\s*[年/.-]\s*\d{1,2}\s*[月/.-]\s*\d{1,2}\s*日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?"
_EXPIRES = re.compile(
    r"(?:(?:到期|过期|失效|截止)(?:时间|日期)|有效期限?)\s*(?:至|到|为)?\s*[:：]?\s*"
    rf"(?P<after>{_DAY}|无限期|永久有效|永久|长期有效|\d{{1,3}}\s*天)"
    rf"|(?P<before>{_DAY})\s*(?:到期|过期|失效|前有效)"
    r"|(?P<days>\d{1,3}\s*天)(?:后|内)?(?:到期|过期|失效|有效)"
    r"|(?P<never>无限期|永久有效|长期有效)"
)
_CODE = re.compile(
    r"(?<!解压)(?:提取|访问|分享)?(?:码|密码)\s*(?:[:：]|是|为)?\s*[(（]?\s*"
    r"(?P<code>[A-Za-z0-9]{4,8})(?![A-Za-z0-9])"
)
_CODE_IN_URL = re.compile(
    r"[?&](?:pwd|password|passcode)=(?P<code>[A-Za-z0-9]{4,8})(?![A-Za-z0-9])"
)
_EXPIRES_IN_URL = re.compile(r"[?&]expired=(?P<at>\d{13})(?!\d)")
_LABELS = re.compile(
    r"[(（][^()（）]*[)）]|(?:进入下载页面|查看下载信息|点击下载|下载(?:链接|地址)?|链接|地址)\s*[:：]?"
)
_AROUND = 300
_LONGEST_NAME = 80
_MOST_LINKS = 200
_NEVER = ("无限期", "永久", "永久有效", "长期有效")


def find_links(text: str) -> tuple[Link, ...]:
    """Return the links to large files, once each, with what stands beside them."""
    matches = list(_URL.finditer(text))[:_MOST_LINKS]
    return merged(_link(match, *_beside(text, match, matches)) for match in matches)


def merged(links: Iterable[Link]) -> tuple[Link, ...]:
    """Return each link once, in the order found, with all that is told of it in any place."""
    found: dict[str, Link] = {}
    for link in links:
        known = found.get(link.url, link)
        found[link.url] = Link(
            provider=link.provider,
            url=link.url,
            name=known.name or link.name,
            size=known.size or link.size,
            expires=known.expires or link.expires,
            code=known.code or link.code,
        )
    return tuple(found.values())


def shown_link(anchor: Element) -> str:
    """Return what to write behind the words of an HTML link: its address, if it leads to a file.

    With it goes what the provider says of the file in attributes alone.
    """
    address = (anchor.get("href") or "").strip()
    words = "".join(map(str, anchor.itertext()))
    if not _URL.match(address) or address in words:
        return ""
    titles = (anchor.get(each) or "" for each in ("filename", "download", "title"))
    name = next((each for each in titles if _NAME.fullmatch(each) and each not in words), "")
    return " ".join(("", *filter(None, (name, address, *_attributes(anchor))), ""))


def _attributes(anchor: Element) -> Iterator[str]:
    """Yield size and expiry as attributes tell them: of a QQ link's wrapper, or a 163 link."""
    around = anchor.getparent()
    size = anchor.get("filesize") or ""
    if size.isdecimal():
        yield f"{int(size) / (1 << 20):.1f}M"
    for element in (anchor, around):
        at = element.get("expiretime") or "" if element is not None else ""
        if re.fullmatch(r"\d{10}(?:\d{3})?", at):
            yield f"{_said(int(at[:10]))}到期"
            return


def told_in_title(element: Element) -> str:
    """Return what the title of a QQ block tells that its text does not: name, size, expiry."""
    title = " ".join((element.get("title") or "").split())
    if "到期时间" not in title or _EXPIRES.search("".join(map(str, element.itertext()))):
        return ""
    return title


def _said(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, _ZONE):%Y年%m月%d日 %H:%M}"


def _beside(text: str, match: re.Match[str], matches: list[re.Match[str]]) -> tuple[str, str]:
    """Return what stands before and after a link; a line with another link speaks of that one."""
    start, end = max(match.start() - _AROUND, 0), min(match.end() + _AROUND, len(text))
    for other in matches:
        if other[0] == match[0]:
            continue
        if other.end() <= match.start():
            line_end = text.find("\n", other.end(), match.start())
            start = max(start, other.end() if line_end < 0 else line_end)
        else:
            line_start = text.rfind("\n", match.end(), other.start())
            end = min(end, other.start() if line_start < 0 else line_start)
    return text[start : match.start()], text[match.end() : end]


def _link(match: re.Match[str], before: str, after: str) -> Link:
    url = match[0].rstrip(".,;:!?)*")
    size = _nearest(_SIZE, _CODE.sub("", before), _CODE.sub("", after))  # 12kb may be a code
    return Link(
        provider=next(name for at, (name, _) in enumerate(_PROVIDERS) if match[f"p{at}"]),
        url=url if "://" in url[:8] else f"https://{url}",
        name=_name(before, after),
        size=size[0] if size else "",
        expires=_expires(url, before, after),
        code=_code(url, before, after),
    )


def _name(before: str, after: str) -> str:
    shared = _nearest(_SHARED, before, "")
    if shared:
        return shared["name"]
    name = _nearest(_NAME, before, after)
    if name:
        return name[0].strip()
    line = before.rpartition("\n")[2] + "\0" + after.partition("\n")[0]
    if not re.search(rf"[(（]\s*{_SIZE.pattern}\s*[,，]", line, re.IGNORECASE):
        return ""
    bare = _LABELS.sub("", line.partition("\0")[0]).strip()  # 名称 (大小, 到期时间)
    return bare if len(bare) <= _LONGEST_NAME else ""


def _expires(url: str, before: str, after: str) -> str:
    in_url = _EXPIRES_IN_URL.search(url)
    if in_url:
        return _said(int(in_url["at"]) // 1000)
    found = _nearest(_EXPIRES, before, after)
    return next(filter(None, found.groups())).strip() if found else ""


def _code(url: str, before: str, after: str) -> str:
    in_url = _CODE_IN_URL.search(url)
    found = in_url or _CODE.search(after) or _nearest(_CODE, before.rpartition("\n")[2], "")
    return found["code"] if found else ""


def _nearest(pattern: re.Pattern[str], before: str, after: str) -> re.Match[str] | None:
    """Search the link's own line first, then what stands before it, then after."""
    places = (
        (before.rpartition("\n")[2], -1),
        (after.partition("\n")[0], 0),
        (before, -1),
        (after, 0),
    )
    for place, which in places:
        found = list(pattern.finditer(place))
        if found:
            return found[which]
    return None


def never_expires(said: str) -> bool:
    """Whether a link holds without end, by what the mail says."""
    return said in _NEVER


def expires_at(said: str, told_at: datetime) -> datetime | None:
    """Return when a link ends, by what a mail of `told_at` says; None where that cannot be told.

    Days are those of Asia/Shanghai; a day without a time ends with it.
    """
    days = re.fullmatch(r"(\d{1,3})\s*天", said)
    if days:
        return told_at.astimezone(_ZONE) + timedelta(days=int(days[1]))
    numbers = [int(each) for each in re.findall(r"\d+", said)]
    if len(numbers) not in {3, 5, 6}:
        return None
    year, month, day, *clock = numbers
    hour, minute, second = (*clock, 0, 0)[:3] if clock else (23, 59, 59)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=_ZONE).astimezone(UTC)
    except ValueError:
        return None
