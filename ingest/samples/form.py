"""The form 申报表 of a sample dossier: cover, secretariat, members, council, experts, opinions."""

from collections.abc import Iterator
from datetime import date

from ingest.samples.alliances import Alliance, Organisation
from ingest.samples.draft import Block, Cell, Draft, PageBreak, Paragraph, Row, Style, Table
from ingest.samples.phrases import councillor, heads, tasks

TITLE = "广东省产业技术创新联盟申报表"

_SEAL = "（盖章）\n负责人（签字）：\n        年    月    日"
_FOUR = (0.16, 0.34, 0.16, 0.34)

_GAP = Paragraph(text="", look="plain")

Pairs = tuple[tuple[str, str], ...]


def make_form(alliance: Alliance, style: Style, written_on: date) -> Draft:
    """Return the form, filled in; the opinions are left blank, as they are sealed on paper."""
    return Draft(
        kind="form",
        title=TITLE,
        alliance=alliance.name,
        style=style,
        parts=(
            *_cover(alliance, style, written_on),
            PageBreak(),
            *_basics(alliance, style, written_on),
            *_secretariat(alliance, style),
            PageBreak(),
            *_members(alliance, style),
            PageBreak(),
            *_council(alliance),
            *_experts(alliance),
            PageBreak(),
            *_opinions(),
        ),
    )


def _cover(alliance: Alliance, style: Style, written_on: date) -> Iterator[Block]:
    pairs = (
        ("联盟名称", alliance.name),
        ("秘书处单位", alliance.secretariat),
        ("推荐单位", alliance.recommender),
        ("所属领域", alliance.field),
        ("联系人", alliance.contact),
        ("联系电话", f"{alliance.phone}（手机：{alliance.mobile}）"),
        ("电子邮箱", alliance.email),
        ("通讯地址", f"{alliance.address}（邮编：{alliance.postcode}）"),
        ("填报日期", f"{written_on.year}年{written_on.month}月{written_on.day}日"),
    )
    yield Paragraph(text="附件1", look="plain")
    yield from (_GAP, _GAP, _GAP, Paragraph(text=TITLE, look="title"), _GAP, _GAP, _GAP)
    if style.sheets:
        for label, value in pairs:
            yield Paragraph(text=f"{style.label(label)}：{value}", look="plain", topic=label)
    else:
        yield Table(
            rows=tuple(
                Row(
                    cells=(
                        Cell(text=f"{style.label(label)}：", head=True),
                        Cell(text=value, topic=label),
                    )
                )
                for label, value in pairs
            ),
            widths=(0.25, 0.75),
            ruled=False,
        )
    yield _GAP
    yield Paragraph(text="广东省科学技术厅制", look="centred")


def _basics(alliance: Alliance, style: Style, written_on: date) -> Iterator[Block]:
    count = {
        title: sum(member.nature in natures for member in alliance.members)
        for title, natures in (
            ("企业", {"企业"}),
            ("高校", {"高校"}),
            ("科研院所", {"科研院所"}),
            ("其他", {"服务机构", "行业协会"}),
        )
    }
    yield Paragraph(text="一、联盟基本情况", look="heading")
    yield Table(
        rows=(
            _wide(style, "联盟名称", alliance.name),
            *_paired(
                style,
                (
                    ("拟成立时间", f"{written_on.year}年7月"),
                    ("所属领域", alliance.field),
                    ("理事长单位", alliance.secretariat),
                    ("秘书处设在", alliance.secretariat),
                    ("专职工作人员", "4人"),
                    ("成员单位总数", f"{len(alliance.members)}家"),
                ),
            ),
            _wide(
                style,
                "成员单位构成",
                "  ".join(f"{title}{number}家" for title, number in count.items()),
            ),
            _wide(
                style,
                "联盟宗旨与目标",
                f"整合{alliance.core}领域创新资源，围绕{'、'.join(alliance.techniques)}等关键共性技术开展联合攻关，三年内形成{'、'.join(alliance.products)}等自主产品，制定标准6项以上，提升产业核心竞争力。",
            ),
        ),
        widths=_FOUR,
    )


def _secretariat(alliance: Alliance, style: Style) -> Iterator[Block]:
    lead = alliance.members[0]
    yield Paragraph(text="二、秘书处所在单位情况表", look="heading")
    yield Table(
        rows=(
            _wide(style, "单位名称", lead.name),
            *_paired(
                style,
                (
                    ("统一社会信用代码", lead.code),
                    ("单位性质", lead.nature),
                    ("成立时间", f"{lead.founded}年"),
                    ("注册资本", f"{lead.capital}万元"),
                    ("职工总数", f"{lead.staff}人"),
                    ("研发人员", f"{lead.staff // 5}人"),
                    ("联系人", alliance.contact),
                    ("联系电话", alliance.phone),
                    ("手机", alliance.mobile),
                    ("电子邮箱", alliance.email),
                ),
            ),
            _wide(style, "通讯地址", alliance.address),
            _wide(style, "研发平台", f"市级企业技术中心、{alliance.core}工程技术研究中心"),
            _wide(
                style,
                "主要业绩",
                f"长期从事{lead.business}，近三年承担市级以上科技项目{2 + alliance.seed % 5}项，获授权发明专利{6 + alliance.seed % 9}件，主导产品为{alliance.products[0]}。",
            ),
        ),
        widths=_FOUR,
    )


def _wide(style: Style, label: str, value: str) -> Row:
    return Row(
        cells=(
            Cell(text=style.label(label), head=True),
            Cell(text=value, across=3, topic=label),
        )
    )


def _paired(style: Style, pairs: Pairs) -> Iterator[Row]:
    """Yield rows of two labels and two values, beside each other or one above the other."""
    for first, second in zip(pairs[::2], pairs[1::2], strict=True):
        left, right = style.label(first[0]), style.label(second[0])
        if style.labels == "beside":
            yield Row(
                cells=(
                    Cell(text=left, head=True),
                    Cell(text=first[1], topic=first[0]),
                    Cell(text=right, head=True),
                    Cell(text=second[1], topic=second[0]),
                )
            )
            continue
        yield Row(
            cells=(Cell(text=left, head=True, across=2), Cell(text=right, head=True, across=2))
        )
        yield Row(
            cells=(
                Cell(text=first[1], across=2, topic=first[0]),
                Cell(text=second[1], across=2, topic=second[0]),
            )
        )


def _members(alliance: Alliance, style: Style) -> Iterator[Block]:
    titles = (
        (f"三、{alliance.name}成员情况表（企业）", True),
        (f"{alliance.name}成员情况表（科研机构、高校、服务机构）", False),
    )
    worked = tuple(zip(alliance.members, tasks(alliance), strict=True))
    for title, firms in titles:
        chosen = tuple(pair for pair in worked if (pair[0].kind == "enterprise") == firms)
        yield Paragraph(text=title, look="heading")
        if not style.sheets:
            yield _member_table(chosen)
            continue
        for member, task in chosen:
            yield _member_sheet(alliance, style, member, task)
            yield Paragraph(text="", look="plain", topic=member.name)


def _member_table(chosen: tuple[tuple[Organisation, str], ...]) -> Table:
    rows = (
        Row(
            cells=(
                Cell(text=str(number)),
                Cell(text=member.name),
                Cell(text=member.nature),
                Cell(text=member.code),
                Cell(text=task),
                Cell(text=f"同意加入。\n{_SEAL}"),
            ),
            topic=member.name,
        )
        for number, (member, task) in enumerate(chosen, start=1)
    )
    labels = ("序号", "单位名称", "单位性质", "统一社会信用代码", "承担的任务", "成员单位意见")
    return Table(rows=(heads(*labels), *rows), widths=(0.06, 0.19, 0.09, 0.27, 0.18, 0.21))


def _member_sheet(alliance: Alliance, style: Style, member: Organisation, task: str) -> Table:
    contact = alliance.contact if member.name == alliance.secretariat else "科技管理部门"
    return Table(
        topic=member.name,
        rows=(
            _wide(style, "单位名称", member.name),
            *_paired(
                style,
                (
                    ("单位性质", member.nature),
                    ("统一社会信用代码", member.code),
                    ("联系人", contact),
                    ("联系电话", member.phone),
                    ("电子邮箱", member.email),
                    ("职工总数", f"{member.staff}人"),
                ),
            ),
            _wide(
                style,
                "主营产品" if member.kind == "enterprise" else "研究方向",
                member.business,
            ),
            _wide(style, "在联盟中承担的任务", task),
            _wide(style, "联盟成员单位意见", f"同意加入联盟，承担上述任务。\n{_SEAL}"),
        ),
        widths=_FOUR,
    )


def _council(alliance: Alliance) -> Iterator[Block]:
    rows = (
        Row(
            cells=(
                Cell(text=str(index + 1)),
                Cell(text=_delegate(member)),
                Cell(text=_workplace(member)),
                Cell(text=councillor(index)),
                Cell(text=member.phone),
            ),
            topic=member.name,
        )
        for index, member in enumerate(alliance.members)
    )
    yield Paragraph(text="四、联盟理事会组成单位及人员", look="heading")
    yield Table(
        rows=(heads("序号", "职务/职称", "所在单位", "理事会职务", "电话"), *rows),
        widths=(0.08, 0.17, 0.4, 0.15, 0.2),
    )


def _delegate(member: Organisation) -> str:
    return {"enterprise": "总工程师", "research": "教授", "service": "主任"}[member.kind]


def _workplace(member: Organisation) -> str:
    """Return where the delegate works: for universities the laboratory, which is no legal body."""
    return member.name + (member.part if member.kind == "research" else "")


def _experts(alliance: Alliance) -> Iterator[Block]:
    rows = (
        Row(
            cells=(
                Cell(text=str(number)),
                Cell(text="教授" if member.kind == "research" else "教授级高级工程师"),
                Cell(text=alliance.techniques[number % len(alliance.techniques)]),
                Cell(text=_workplace(member)),
                Cell(text="主任委员" if number == 1 else "委员"),
            ),
            topic=member.name,
        )
        for number, member in enumerate(
            sorted(alliance.members, key=lambda member: member.kind != "research")[:5], start=1
        )
    )
    yield Paragraph(text="五、专家委员会", look="heading", topic="experts")
    yield Table(
        rows=(heads("序号", "职称", "专业", "所在单位", "委员会职务"), *rows),
        widths=(0.08, 0.2, 0.24, 0.32, 0.16),
        topic="experts",
    )


def _opinions() -> Iterator[Block]:
    yield Paragraph(text="审核意见表", look="heading")
    yield Table(
        rows=tuple(
            Row(cells=(Cell(text=label, head=True), Cell(text=f"{space}{_SEAL}")))
            for label, space in (
                ("拟组建联盟秘书处单位意见", "同意申报。\n\n\n"),
                ("所在地市（区）科技主管部门或省直部门推荐意见", "\n\n\n\n"),
                ("省科技厅意见", "\n\n\n\n"),
            )
        ),
        widths=(0.3, 0.7),
    )
