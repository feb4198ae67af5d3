"""Names and codes: of the subject of a dossier (as the call describes it) and of organisations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from itertools import islice, product

from rapidfuzz.distance import Levenshtein

from config.call import Call
from parsers.lines import plain, plain_words, simplify, squeeze, tidy, visible

_QUOTES = re.compile("[《》〈〉<>“”\"'‘’「」『』]")
_BRACKETS = str.maketrans("[]{}【】〔〕〖〗", "()" * 5)
_TAIL_TOKEN = re.compile(r"[\s._\-+,、—·~()\[\]]|v\d+(?:\.\d+)*|\d{1,8}|最新|新", re.IGNORECASE)
_BREAKS = re.compile(
    r"[。,;:!?、\n\t《》〈〉“”\"'‘’「」『』【】\[\]<>|/\\_=#*]|(?<!互联网)\+|(?<!\d)\.|\.(?!\d)|(?<![A-Za-z])-"
)
_QUOTED_END = re.compile(r"[“\"'‘「『][^“”\"'‘’「」『』。,;]{1,12}[”\"'’」』]$")
_FILE_LEAD = re.compile(
    r"^(?:(?:\d{6,8}|0\d|\d{1,3}(?=[\s.])|(?:附件?|材料|文件|第)\s?[\d一二三四五六七八九十]{1,2}(?:之[\d一二三四]|号|部分|份|册)?"
    r"|[\d一二三四五六七八九十]{1,2}号?(?:材料|附件|文件))[\s.、_:：—-]*)+"
)
_REACH = 48  # no name is longer
_MOST_NAMES = 500  # in one text; a list of all alliances of a province has fewer
_HAN = re.compile("[一-鿿]")
_HAN_ONLY = re.compile("[一-鿿]+")
_PUNCTUATION = re.compile(r"[\W_]+")
_LEAST_CORE = 2


class Likeness(StrEnum):
    """How two organisation names relate."""

    SAME = "same"
    NEAR = "near"
    PART = "part"
    OTHER = "other"


@cache
def _suffix_pattern(suffixes: tuple[str, ...]) -> re.Pattern[str]:
    spaced = (r"\s{0,3}".join(map(re.escape, each)) for each in plain_words(suffixes))
    return re.compile("|".join(spaced))


@cache
def _blank_pattern(words: tuple[str, ...], patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        "|".join([*map(re.escape, map(plain, words)), *patterns, r"X{2,}|×{2,}|_{2,}"])
    )


def _flat(name: str) -> str:
    """Return a name without differences of width, brackets, quotes, spaces, case or script."""
    text = visible(unicodedata.normalize("NFKC", visible(name)))
    text = _QUOTES.sub("", simplify(squeeze(text))).translate(_BRACKETS)
    return unicodedata.normalize("NFKC", text.upper())


def _unwrapped(text: str) -> str:
    """Return a text without brackets around the whole of it, or opened before it."""
    closed: dict[int, int] = {}
    opened: list[int] = []
    for at, letter in enumerate(text):
        if letter == "(":
            opened.append(at)
        elif letter == ")" and opened:
            closed[opened.pop()] = at
    start, end = 0, len(text)
    while start < end and text[start] == "(" and closed.get(start, end) >= end - 1:
        start, end = start + 1, closed.get(start, end)  # else it is about the first words only
    return text[start:end]


def normal_form(name: str, call: Call) -> str:
    """Return a name in the form in which names are compared.

    Width, brackets, quotes, spaces, invisible and traditional characters make no
    difference, nor what file names and titles hang on behind the name (`call.name.noise`,
    versions, dates), nor a prefix written twice.
    """
    text = _unwrapped(_without_tail(_flat(name), call))
    for prefix in call.name.prefixes:
        while len(prefix) > 1 and text.startswith(prefix + prefix):
            text = text[len(prefix) :]
    return text


def _mended(text: str, call: Call) -> str:
    """Return a text with the usual slips of the pen in suffixes mended, of the same length."""
    for slip, right in call.name.slips.items():
        text = text.replace(slip, right)
    return text


def _without_tail(text: str, call: Call) -> str:
    """Cut what follows the last suffix, when it is nothing but noise."""
    mended = _mended(text, call)
    ends = [mended.rfind(each) + len(each) for each in call.name.suffixes if each in mended]
    end = max(ends, default=len(text))
    rest = text[end:]
    for word in plain_words(call.name.noise):
        rest = rest.replace(word, "")
    return text if _TAIL_TOKEN.sub("", rest) else text[:end]


def split_name(name: str, call: Call) -> tuple[str, str, str]:
    """Return prefix, core and suffix of a name in normal form; each may be empty.

    A suffix with a usual slip of the pen (枝术, 连盟) is one all the same.
    """
    region = name.startswith(call.name.regions)
    prefixes = () if region else plain_words(call.name.prefixes)
    prefix = next((each for each in prefixes if name.startswith(each)), "")
    rest = name[len(prefix) :]
    mended = _mended(rest, call)
    suffix = next((each for each in plain_words(call.name.suffixes) if mended.endswith(each)), "")
    end = len(rest) - len(suffix)
    return prefix, rest[:end], rest[end:]


def core_of(name: str, call: Call) -> str:
    """Return what tells a name apart from others: without prefix, suffix and punctuation."""
    return core_of_form(normal_form(name, call), call)


def core_of_form(form: str, call: Call) -> str:
    """Return the core of a name that is in normal form already."""
    return _PUNCTUATION.sub("", split_name(form, call)[1])


def is_blank_name(name: str, call: Call) -> bool:
    """Whether a name is only the pattern that was to be filled in (XXX, an empty bracket)."""
    core = split_name(normal_form(name, call), call)[1].strip("-_")
    if not _HAN.search(core) and not re.search("[A-Za-z]{2}", core):
        return True
    holders = call.placeholders
    return (
        _blank_pattern(holders.words + call.name.blanks, holders.patterns).search(core) is not None
    )


def is_bare_name(name: str, call: Call) -> bool:
    """Whether a name was written down without the core that tells it apart: 广东省…创新联盟."""
    prefix, core, suffix = split_name(normal_form(name, call), call)
    return bool(prefix and suffix and not core)


def find_names(text: str, call: Call) -> tuple[str, ...]:
    """Return the names that stand in running text, a subject or a file name, each once.

    A name without a prefix is found too, where its suffix says more than the bare subject
    (`…产业联盟`, not `本联盟`). Words that lead up to a name (`call.name.leads`) are no part
    of it; a pattern still to be filled in is no name.
    """
    seen = visible(text)
    flat = _mended(plain(seen), call)
    names: dict[str, str] = {}
    previous = 0
    hits = _suffix_pattern(call.name.suffixes).finditer(flat)
    for found in islice(hits, _MOST_NAMES):
        lower, previous = max(previous, found.start() - _REACH), found.end()
        if squeeze(found[0]) == call.name.subject and not _has_prefix(
            flat[lower : found.start()], call
        ):
            continue
        start = _start_of_name(flat, lower, found.start(), call)
        name = tidy(seen[start : found.end()]).strip(" ()（）-—.")
        form = normal_form(name, call)
        if _is_name(form, call):
            names.setdefault(form, name)
    return tuple(names.values())


def _has_prefix(text: str, call: Call) -> bool:
    return any(each in text for each in call.name.prefixes if len(each) > 1)


def _before_quotation(text: str, call: Call) -> int | None:
    """Return where a prefix stands before a quotation that ends the text (广东省“互联网+”)."""
    opener = _QUOTED_END.search(text)
    if opener is None:
        return None
    for prefix in plain_words(call.name.prefixes):
        if len(prefix) > 1 and text[: opener.start()].endswith(prefix):
            return opener.start() - len(prefix)
    return None


def _start_of_name(text: str, lower: int, upper: int, call: Call) -> int:
    """Return where a name begins whose suffix begins at `upper`."""
    start = max((each.end() + lower for each in _BREAKS.finditer(text[lower:upper])), default=lower)
    before_quote = _before_quotation(text[lower:start], call)
    if before_quote is not None:
        return lower + before_quote
    for word in call.name.leads:
        at = text.rfind(word, start, upper)
        start = at + len(word) if at >= 0 else start
    for prefix in plain_words(call.name.prefixes):
        at = text.rfind(prefix, start, upper) if len(prefix) > 1 else -1
        if at >= 0:
            return at
    opened = _unclosed_bracket(text[start:upper])
    start += opened
    lead = _FILE_LEAD.match(text[start:upper])
    return start + lead.end() if lead else start


def _unclosed_bracket(text: str) -> int:
    """Return the offset behind the last bracket that is opened or closed alone, or 0."""
    depth, cut = 0, 0
    for at, letter in enumerate(text):
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth < 0:
                depth, cut = 0, at + 1
    return text.rfind("(") + 1 if depth > 0 else cut


def _is_name(form: str, call: Call) -> bool:
    prefix, core, suffix = split_name(form, call)
    if not suffix or len(core.strip("()")) < _LEAST_CORE or is_blank_name(form, call):
        return False
    return _mended(suffix, call) != call.name.subject or len(prefix) > 1


def name_in_path(part: str, call: Call) -> str:
    """Return the name that a file or folder name carries, or an empty string."""
    stem = _FILE_LEAD.sub("", re.sub(r"\.[0-9A-Za-z]{1,5}$", "", visible(part)).strip())
    found = find_names(stem, call)
    if found:
        return found[0]
    form = normal_form(stem, call)
    _, core, suffix = split_name(form, call)
    whole = suffix and len(core) >= _LEAST_CORE and not _BREAKS.search(core)
    return "" if not whole or is_blank_name(form, call) else form


def find_number(text: str, call: Call) -> tuple[str, ...]:
    """Return the registry numbers that stand in a text, in their standard form, each once.

    `[LM2016-0037等10件]`, the subject of a letter about several dossiers, names none.
    """
    flat = plain(visible(text))
    numbers: dict[str, None] = {}
    for found in call.number.pattern.finditer(flat):
        if not re.match(r"\s?等\s?\d+\s?件", flat[found.end() :][:12]):
            numbers[call.number.standard(found)] = None
    return tuple(numbers)


# ── Organisations ─────────────────────────────────────────────────────────────────────

_LEGAL_FORM = re.compile(r"(?:连锁)?(?:股份有限|有限责任|有限|总)?公司$|\(?集团\)?")
ENDS = (
    *("公司", "集团", "厂", "矿", "合伙)", "合作社", "信用社", "联社", "报社", "杂志社", "出版社"),
    *("事务所", "农场", "林场", "牧场", "渔场", "茶场", "种场", "银行", "商行", "经营部", "总部"),
    *("大学", "学院", "学校", "中学", "小学", "党校", "院", "所", "馆", "气象台"),
    *("中心", "实验室", "基地", "站", "总队", "大队"),
    *(
        f"{kind}园"
        for kind in (
            "产业",
            "科技",
            "工业",
            "创业",
            "软件",
            "物流",
            "示范",
            "农业",
            "科学",
            "植物",
            "动物",
            "幼儿",
        )
    ),
    *(
        "协会",
        "学会",
        "商会",
        "公会",
        "总会",
        "分会",
        "促进会",
        "联合会",
        "研究会",
        "基金会",
        "工会",
    ),
    *("局", "委员会", "管委会"),
)
"""How names of organisations end."""

_AUTHORITY = re.compile(r"(?:[局厅委]|委员会|人民政府|办公室)(?:\([^()]*\))?$")
_NO_AUTHORITY = re.compile(r"专家|咨询|顾问|学术|指导|(?<!科学)技术委|理事|执行|职工|[:;。,、]")
_DOUBLE_SURNAMES = ("欧阳", "司徒", "诸葛", "上官", "司马", "东方")
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕"
    "丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
    "覃武戴莫孔向汤温赖古丘詹庄容伍冼利甘岑欧区麦关霍简凌招司诸上尚倪施牛洪季俞章鲁葛聂柯骆连包翁"
    "纪焦左阮兰齐蓝涂宁游辛管祝鲍邢裴路童颜梅盛刁柳饶殷耿池艾卓揭佘缪隋景危商巫东"
)
_FORMER = re.compile(r"\((?:原名?称?|曾用名|前称|更名前)[为是:]?([^()]+(?:\([^()]*\)[^()]*)*)\)")
_PROVINCE = re.compile(r"^(\w{2,3})省(?=\w{2})")
_CITY = re.compile(r"^(\w{2,5}?)市(?=\w{2})")
_GROUP = re.compile(r"\(集团\)|集团")
_NO_ORGANISATION = re.compile(
    r"[。,;:!?、《》“”_=]|^(?:限|有限|股份|责任|第|本|各|该|我|其他|设立|成立|附属)|[场住处]所$|(?:专家|咨询|顾问|学术|指导)\w{0,4}委员会$|\d[号栋座楼弄]"
    r"|\d{4}年|\d{4}[./-]\d{1,2}[./-]\d|[一二两几多各每]家|任[一何]|^(?:设|建|拥|具)有|任务|已有|多个|若干|一批"
)
_GENERIC = (
    r"(?:科研|科技|研究|研发|开发|企业|工程|技术|检[测验]|测试|试验|实验|创新|服务|重点|高等|事业|生产|设计|信息|推广|中介"
    r"|博士后|工作|上市|普通|行业|产业|本科|职业|国有|民营|控股|外资|合资|其他|各类|骨干|龙头|成员|会员|新型|公共|协同"
    r"|公立|民办|省属|市属|部属|开放|联合|医疗|[设建]有|设立|拥有|依托)*"
    r"(?:中心|院[校所]?|医院|所|实验室|基地|站|大学|学院|学校|公司|集团|协会|学会|商会|基金会)"
)
_NO_PROPER_NAME = re.compile(
    rf"(?:海洋|现代|生态|智慧|数字|观光|休闲|家庭|国家)?(?:牧场|农场|林场|渔场)|.{{0,12}}(?:[省市部校]级|国家级)(?!机关).*|{_GENERIC}(?:[/、或和与及]{_GENERIC})*"
)
_PLATFORM = re.compile(r"(?:工程技术?研究|企业技术|工程技术|技术研究)中心$|实验室$|工作站$")
_PLACE_NOTE = re.compile(
    "[^\\W\\d_企业高校院所学研医单位部章印签字署事理员社团法人其他服务介甲乙丙丁方办牵]{2,3}"
)
_NOTE_BEHIND = re.compile(r"[(（](?P<note>[^()（）]{0,40})(?<!合伙)[)）]\s*$")
_NO_SUBJECT = re.compile("[,，、是为从到至在将以由把被与对]")
_SHORTEST, _LONGEST = 4, 45
_LONGEST_WRITTEN = 200  # spaced out, over several lines
_NUMERAL = frozenset("一二三四五六七八九十0123456789")
_TINY_FROM = 8  # shorter names may differ in meaning by one character


def organisation_form(name: str) -> str:
    """Return an organisation's name in the form in which names are compared.

    Legal forms (有限公司, 股份有限公司) and bracketed places stay, for they tell bodies apart.
    """
    form = _flat(name)
    while (bare := _unwrapped(form.strip(".,;:。、-_"))) != form:
        form = bare
    return form


def is_organisation(name: str) -> bool:
    """Whether a text has the shape of an organisation's full name."""
    if len(name) > _LONGEST_WRITTEN:
        return False
    form = organisation_form(name)
    if not _SHORTEST <= len(form) <= _LONGEST or _NO_ORGANISATION.search(form):
        return False
    name, _, note = form.removesuffix(")").rpartition("(")
    form = name if name and is_place_note(note) else form
    return form.endswith(ENDS) and not _NO_PROPER_NAME.fullmatch(form)


def leads_with_organisation(text: str) -> bool:
    """Whether a sentence begins with an organisation's name: its subject."""
    head = _NO_SUBJECT.split(text[:_REACH], maxsplit=1)[0]
    ends = {found.end() for each in ENDS for found in re.finditer(re.escape(each), head)}
    return any(is_organisation(head[:end]) for end in ends)


def is_legal_person(name: str) -> bool:
    """Whether a text is the full name of a body that can sign: no platform within another."""
    return is_organisation(name) and not _PLATFORM.search(organisation_form(name))


def is_place_note(note: str) -> bool:
    """Whether the bracket behind an organisation's name holds its place: 研究院（佛山）."""
    return _PLACE_NOTE.fullmatch(squeeze(note)) is not None


def without_note(text: str) -> str:
    """Cut a bracket behind a name that is no place or legal form: `某某大学（理事长单位）`."""
    text = text.strip(" ;。、,:")
    note = _NOTE_BEHIND.search(text)
    if note is None or is_place_note(note["note"]):
        return text
    shorter = text[: note.start()]
    return shorter if is_organisation(shorter) else text


def is_authority(name: str) -> bool:
    """Whether a text has the shape of the name of a government body: 某某市科技局, 省教育厅."""
    form = organisation_form(name) if len(name) <= _LONGEST_WRITTEN else ""
    fits = 3 <= len(form) <= _LONGEST and _AUTHORITY.search(form)  # noqa: PLR2004 - 市科委
    return bool(fits) and not _NO_AUTHORITY.search(form)


def is_person(text: str) -> bool:
    """Whether a text has the shape of a Chinese person's name: a surname and one to three more."""
    form = squeeze(plain(text))
    longest = 4 if form.startswith(_DOUBLE_SURNAMES) else 3
    named = begins_with_surname(form) and _HAN_ONLY.fullmatch(form) is not None
    return named and 1 < len(form) <= longest


def begins_with_surname(text: str) -> bool:
    """Whether a text begins with a Chinese surname."""
    form = squeeze(plain(text))
    return form[:1] in _SURNAMES  # a double surname's first character is among them


def same_organisation(one: str, other: str, call: Call) -> Likeness:
    """Tell how two names relate: SAME, a PART (college, laboratory) of the other, NEAR, or OTHER.

    NEAR are names that may well be one body: another legal form, a place without its 市,
    a short or former name, one character in a long name.
    """
    shorter, longer = sorted((organisation_form(one), organisation_form(other)), key=len)
    if shorter == longer:
        return Likeness.SAME
    if not shorter:
        return Likeness.OTHER
    if _is_part(longer, shorter, call):
        return Likeness.PART
    near = (
        _bare(shorter) == _bare(longer)
        or _differ_by_a_slip(shorter, longer)
        or same_body(shorter, longer, call)
    )
    return Likeness.NEAR if near else Likeness.OTHER


def same_body(one: str, other: str, call: Call) -> bool:
    """Whether two names are one legal person's beyond doubt, however each is written.

    They are equal, or differ by a place's 市 or 省 or by where 集团 stands; one names a
    college or laboratory of the other, is its usual short name (`call.members.short_names`),
    or says that the other is its former name (原…). Another legal form is another body.
    """
    pairs = product(
        *(_in_full(stated_names(organisation_form(each)), call) for each in (one, other))
    )
    return any(
        a == b or _is_part(a, b, call) or _is_part(b, a, call)
        for one_way in pairs
        for a, b in (one_way, tuple(map(organisation_key, one_way)))
    )


def stated_names(form: str) -> tuple[str, ...]:
    """Return the names that the form of an organisation's name states: its own, former ones."""
    if "(" not in form:
        return (form,) if form else ()
    former = [each[1] for each in _FORMER.finditer(form)]
    return tuple(filter(None, (_FORMER.sub("", form), *former)))


def organisation_key(form: str) -> str:
    """Return a form without 市 and 省 in its place, with 集团 at the end wherever it stood."""
    key = _CITY.sub(r"\1", _PROVINCE.sub(r"\1", form))
    return _GROUP.sub("", key, count=1) + "集团" if "集团" in key else key


def _in_full(forms: Iterable[str], call: Call) -> list[str]:
    """Return forms of organisations, the usual short names in full."""
    return [_lengthened(form, call) for form in forms]


def _lengthened(form: str, call: Call) -> str:
    for short, full in call.members.short_names.items():
        rest = form.removeprefix(short)
        shortened = rest != form and not form.startswith(full)
        if shortened and (not rest or rest.endswith(call.members.part_words)):
            return full + rest
    return form


def ways_of_writing(name: str, call: Call) -> frozenset[str]:
    """Return the keys under which an organisation may be looked for: full, short and former."""
    full = _in_full(stated_names(organisation_form(name)), call)
    short = [each for each, meant in call.members.short_names.items() if meant in full]
    return frozenset(map(organisation_key, (*full, *short)))


def _is_part(longer: str, shorter: str, call: Call) -> bool:
    """Whether a name is that of a college, laboratory or branch, and another that of its body."""
    if not longer.startswith(shorter) or not is_organisation(shorter):
        return False
    rest = longer[len(shorter) :]
    own = (each for each in call.members.independent if len(each) > len(shorter))
    if not rest or longer.startswith(tuple(own)):
        return False
    words = call.members.part_words
    return rest.rstrip(")").endswith(words) or (
        not rest.endswith(ENDS) and any(len(word) > 1 and word in rest for word in words)
    )


def _bare(form: str) -> str:
    """Return a name without legal form, brackets, and the words 市 and 省 of its place."""
    bare = re.sub(r"[()]", "", _LEGAL_FORM.sub("", form))
    return bare[:6].replace("市", "").replace("省", "") + bare[6:]


def _differ_by_a_slip(one: str, other: str) -> bool:
    if len(one) < _TINY_FROM or Levenshtein.distance(one, other, score_cutoff=1) > 1:
        return False
    edits = Levenshtein.editops(one, other)
    letters = {one[each.src_pos : each.src_pos + 1] for each in edits}
    letters |= {other[each.dest_pos : each.dest_pos + 1] for each in edits}
    return not letters & _NUMERAL


_CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_BODY_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")
_BODY = re.compile(r"(?<![0-9A-Z])([0-9A-Z]{8})\s?-?\s?([0-9X])(?![0-9A-Z-])")
_SLIPS = str.maketrans("OIZS", "0125")  # letters that the alphabet of GB 32100 leaves out


def organisation_code(value: str) -> str:
    """Return the 9-character body code of the first valid code in a text, or an empty string.

    Reads unified social credit codes (GB 32100-2015, 18 characters, whose characters 9 to
    17 are the body code) and organisation codes (GB 11714-1997, `55138508-2`), so that the
    old and the new code of one body compare equal. Both are taken only with right check
    digits.
    """
    flat = plain(visible(value)).upper()
    for text in (flat, re.sub(r"(?<=[0-9A-Z])[ -](?=[0-9A-Z])", "", flat)):
        for found in _CREDIT.finditer(text):
            code = found[0].translate(_SLIPS)
            if _credit_code_valid(code):
                return code[8:17]
    for found in _BODY.finditer(flat):
        if _body_check(found[1]) == found[2]:
            return found[1] + found[2]
    return ""


def _credit_code_valid(code: str) -> bool:
    if any(letter not in _CREDIT_LETTERS for letter in code):
        return False
    weighed = zip(code[:17], _CREDIT_WEIGHTS, strict=True)
    total = sum(_CREDIT_LETTERS.index(letter) * weight for letter, weight in weighed)
    return _CREDIT_LETTERS[(31 - total % 31) % 31] == code[17]


def _body_check(body: str) -> str:
    weighed = zip(body, _BODY_WEIGHTS, strict=True)
    total = sum(_BODY_LETTERS.index(letter) * weight for letter, weight in weighed)
    return "0123456789X0"[11 - total % 11]
