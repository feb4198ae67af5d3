"""What a mail says: the writer's own words, and what he quotes below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from parsers.links import shown_link, told_in_title

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

_LONGEST_MARK = 400
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
            told = "" if hidden else told_in_title(element)
            if told:
                yield depth, told
            line += "" if hidden else _flat(element.text)
            continue
        if event == "end":
            depth, hidden = depth - quotes, hidden - hides
            line += shown_link(element) if tag == "a" else "\t" if tag in {"td", "th"} else ""
        line += "" if hidden else _flat(element.tail)
    yield depth, line


def _flat(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")
