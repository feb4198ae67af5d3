"""What a mail says: the writer's own words, what he quotes below them, the links he sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from parsers.submission import Link

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_QUOTE_TITLES = (
    "原始邮件|原邮件|回复的原邮件|回复的邮件|转发的邮件|转发邮件|转发邮件信息|转发的原邮件|邮件原件|"
    "原始郵件|轉寄郵件|Original Message|Original|Forwarded message|Forwarded by .*"
)
_QUOTE_STARTS = (
    re.compile(rf"[-—_=\s]{{2,}}(?:{_QUOTE_TITLES})[-—_=:：\s]*", re.IGNORECASE),
    re.compile(r"Begin forwarded message[:：]?", re.IGNORECASE),
    re.compile(r"(?:On|Am|Le)\b.{4,200}\b(?:wrote|schrieb|a écrit)\s*[:：]", re.IGNORECASE),
    re.compile(
        r"(?=.*(?:@|\d{4}\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d))"
        r".{4,300}(?:(?:写道|寫道|写到)\s*[:：]?|来信\s*[:：])"
    ),
)
_SENDER_LINE = re.compile(
    r"[*|\s]*(?:发\s*件\s*人|寄件者|寄件人|From)[*|\s]*[:：|\t].*", re.IGNORECASE
)
_OTHER_LINE = re.compile(
    r"[*|\s]*(?:发送时间|发送日期|收\s*件\s*人|收件者|日\s*期|时\s*间|抄\s*送|主\s*题|主旨"
    r"|Sent|Date|To|Cc|Subject)"
    r"[*|\s]*[:：|\t]",
    re.IGNORECASE,
)

_PROVIDERS = (
    ("QQ邮箱", r"[\w.-]*mail\.qq\.com/(?:cgi-bin/)?ftn|[\w.-]*ftn\.qq\.com/"),
    ("网易邮箱", r"[\w.-]*mail\.(?:163|126|yeah)\.(?:com|net)/large-attachment"),
    ("网易邮箱", r"(?:dashi|fs)\.163\.com/|[\w.-]*\.netease\.com/large-attachment"),
    ("189邮箱", r"(?:download\.cloud|cloud|[\w.-]*mail)\.189\.cn/"),
    ("百度网盘", r"(?:pan|yun)\.baidu\.com/"),
)
_HOSTS = "|".join(f"(?P<p{at}>{pattern})" for at, (_, pattern) in enumerate(_PROVIDERS))
_URL = re.compile(rf"https?://(?:{_HOSTS})[^\s<>\"'，。；）】]*", re.IGNORECASE)
_NAME = re.compile(
    r"[^\s/\\:：<>|\"“”《》()（）,，;；][^/\\:：<>|\"，。；！\n\t]{0,120}?"
    r"\.(?:rar|zip|7z|docx?|wps|pdf|xlsx?|pptx?|tar|gz|jpe?g|png|tiff?|ofd)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[KMGT]i?B?|字节|bytes)(?![A-Za-z])", re.IGNORECASE)
_DAY = r"\d{4}\s*[年/.-]\s*\d{1,2}\s*[月/.-]\s*\d{1,2}\s*日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?"
_EXPIRES = re.compile(
    rf"(?:到期时间|过期时间|有效期至?|有效期)\s*[:：]?\s*(?P<after>{_DAY}|无限期|永久有效|永久|\d+\s*天)"
    rf"|(?P<before>{_DAY})\s*(?:到期|过期|失效)|(?P<never>无限期)"
)
_AROUND = 300
_LONGEST_MARK = 400
_MOST_LINKS = 200
_BLOCKS = frozenset({
    "address", "article", "blockquote", "br", "center", "dd", "div", "dl", "dt", "fieldset", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "tr",
    "ul",
})  # fmt: skip
_HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript"})


def split_quotes(text: str) -> tuple[str, str]:
    """Return the writer's own words, and the quoted or forwarded mails below or between them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cut = next((at for at in range(len(lines)) if _starts_quote(lines, at)), len(lines))
    own = [line for line in lines[:cut] if not line.lstrip().startswith(">")]
    quoted = [line for line in lines[:cut] if line.lstrip().startswith(">")] + lines[cut:]
    return _tidy(own), _tidy(quoted)


def _starts_quote(lines: list[str], at: int) -> bool:
    line = lines[at].strip()
    if not line or len(line) > _LONGEST_MARK:
        return False
    # Mailers fold 'On … wrote:' over two lines.
    folded = f"{line} {lines[at + 1].strip()}" if at + 1 < len(lines) else line
    if any(start.fullmatch(line) for start in _QUOTE_STARTS):
        return True
    if line.startswith("On ") and _QUOTE_STARTS[2].fullmatch(folded):
        return True
    following = [other for other in lines[at + 1 : at + 9] if other.strip()][:4]
    return bool(_SENDER_LINE.fullmatch(line)) and (
        sum(bool(_OTHER_LINE.match(other)) for other in following) >= min(2, len(following) or 1)
    )


def _tidy(lines: list[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def html_text(html: str) -> str:
    """Return the text of an HTML body: a line for each block, quoted blocks marked with '>'.

    The addresses of known providers of large files stand behind the words that carry them.
    """
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    parser = HTMLParser(encoding="utf-8", no_network=True)
    try:
        root = document_fromstring(html.encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return ""
    lines: list[str] = []
    for depth, line in _html_lines(root):
        text = re.sub(r"[ \r\f\v\xa0]+", " ", line).strip()
        lines.append("> " * depth + text if text else "")
    return _tidy(lines)


def _html_lines(root: Element) -> Iterator[tuple[int, str]]:
    """Yield each line with the number of quoted blocks around it."""
    from lxml import etree

    line, depth, hidden = "", 0, 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _BLOCKS:
            yield depth, line
            line = ""
        quotes, hides = tag == "blockquote", tag in _HIDDEN
        if event == "start":
            depth, hidden = depth + quotes, hidden + hides
            line += "" if hidden else _flat(element.text)
            continue
        if event == "end":
            depth, hidden = depth - quotes, hidden - hides
            line += _shown_link(element) if tag == "a" else "\t" if tag in {"td", "th"} else ""
        line += "" if hidden else _flat(element.tail)
    yield depth, line


def _flat(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _shown_link(anchor: Element) -> str:
    address = (anchor.get("href") or "").strip()
    if not _URL.match(address) or address in "".join(map(str, anchor.itertext())):
        return ""
    title = anchor.get("download") or anchor.get("title") or ""
    return f" {title} {address} " if _NAME.fullmatch(title) else f" {address} "


def find_links(text: str) -> tuple[Link, ...]:
    """Return the links to large files, once each, with what stands beside them."""
    found: dict[str, Link] = {}
    matches = list(_URL.finditer(text))[:_MOST_LINKS]
    for match in matches:
        before, after = _beside(text, match, matches)
        link = _link(match, before, after)
        known = found.get(link.url, link)
        found[link.url] = Link(
            provider=link.provider,
            url=link.url,
            name=known.name or link.name,
            size=known.size or link.size,
            expires=known.expires or link.expires,
        )
    return tuple(found.values())


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
    expires = _nearest(_EXPIRES, before, after)
    name = _nearest(_NAME, before, after)
    size = _nearest(_SIZE, before, after)
    return Link(
        provider=next(name for at, (name, _) in enumerate(_PROVIDERS) if match[f"p{at}"]),
        url=match[0].rstrip(".,;"),
        name=name[0].strip() if name else "",
        size=size[0] if size else "",
        expires=next(filter(None, expires.groups())).strip() if expires else "",
    )


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
