"""The agreement 组建协议 of a sample dossier, after the outline of the national reference text."""

from datetime import date

from ingest.samples.alliances import Alliance, Organisation
from ingest.samples.draft import (
    Article,
    Cell,
    Chapter,
    Draft,
    PageBreak,
    Paragraph,
    Part,
    Row,
    Style,
    Table,
)
from ingest.samples.phrases import heads, stages, tasks

PARTIES = "甲乙丙丁戊己庚辛壬癸"


def make_agreement(alliance: Alliance, style: Style, written_on: date) -> Draft:
    """Return the agreement with its parties, all the clauses of notice III (3), and signatures."""
    return Draft(
        kind="agreement",
        title=f"{alliance.name}组建协议" + ("书" if style.spaced else ""),
        alliance=alliance.name,
        style=style,
        parts=(
            Paragraph(text=alliance.name, look="title"),
            Paragraph(text="组建协议" + ("书" if style.spaced else ""), look="title"),
            *_parties(alliance, style),
            *_whereas(alliance),
            *_chapters(alliance, written_on),
            PageBreak(),
            *_signatures(alliance, style),
        ),
    )


def _named(alliance: Alliance) -> tuple[tuple[str, Organisation], ...]:
    return tuple(zip((f"{sign}方" for sign in PARTIES), alliance.members, strict=False))


def _parties(alliance: Alliance, style: Style) -> tuple[Part, ...]:
    if style.sheets:
        return tuple(
            Paragraph(text=text, look="plain", topic=member.name)
            for sign, member in _named(alliance)
            for text in (
                f"{sign}：{member.name}",
                f"统一社会信用代码：{member.code}",
                f"住所地：{member.address}",
            )
        )
    rows = (
        Row(
            cells=(
                Cell(text=sign),
                Cell(text=member.name),
                Cell(text=member.code),
                Cell(text=member.address),
            ),
            topic=member.name,
        )
        for sign, member in _named(alliance)
    )
    return (
        Paragraph(text="缔约各方：", look="plain"),
        Table(
            rows=(heads("缔约方", "单位名称", "统一社会信用代码", "住所地"), *rows),
            widths=(0.1, 0.31, 0.28, 0.31),
        ),
    )


def _whereas(alliance: Alliance) -> tuple[Part, ...]:
    return (
        Paragraph(text="鉴于：", look="plain"),
        Paragraph(
            text=f"1.{alliance.core}产业是广东省重点发展的产业，关键共性技术供给不足，单个企业难以独立完成研发；"
        ),
        Paragraph(
            text="2.缔约各方均为依法设立并有效存续的独立法人，在各自领域具有技术、人才、装备或市场方面的优势；"
        ),
        Paragraph(
            text=f"3.缔约各方愿意按照优势互补、利益共享、风险共担、共同发展的原则，联合组建{alliance.name}（以下简称“联盟”）。"
        ),
        Paragraph(
            text="依照《中华人民共和国合同法》及有关法律法规，缔约各方经平等协商，达成如下协议，共同遵守："
        ),
    )


def _chapters(alliance: Alliance, written_on: date) -> tuple[Chapter, ...]:
    return (
        Chapter(
            title="联盟名称、组织原则和组建宗旨",
            articles=(
                Article(texts=(f"联盟的名称为：{alliance.name}。",)),
                Article(
                    texts=(
                        "联盟由缔约各方自愿组成，不具有独立法人资格，以本协议为各方合作的法律依据。联盟对外承担责任的主体由理事会按具体事项授权秘书处单位担任。",
                    )
                ),
                Article(
                    texts=(
                        "联盟的组织原则是：瞄准产业发展需求，遵循市场经济规则，平等自愿、民主协商、开放协同。",
                    )
                ),
                Article(
                    texts=(
                        f"联盟的组建宗旨是：整合{alliance.core}领域的创新资源，突破关键共性技术，促进创新成果快速产业化，提升广东省{alliance.core}产业的核心竞争力。",
                    )
                ),
            ),
        ),
        _goals(alliance, written_on),
        _division(alliance),
        _organs(alliance),
        _rights(),
        _money(),
        _property(),
        _benefits(),
        _risk(),
        _breach(),
        _ending(),
    )


def _goals(alliance: Alliance, written_on: date) -> Chapter:
    return Chapter(
        title="技术创新目标",
        articles=(
            Article(
                texts=(
                    f"联盟的技术创新目标是：用三年时间，在{'、'.join(alliance.techniques)}等方面突破关键共性技术{len(alliance.techniques) * 2}项以上，形成{'、'.join(alliance.products)}等具有自主知识产权的产品。",
                )
            ),
            Article(texts=("阶段目标按年度安排如下：",), items=stages(alliance, written_on.year)),
        ),
    )


def _division(alliance: Alliance) -> Chapter:
    rows = (
        Row(
            cells=(Cell(text=sign), Cell(text=member.name), Cell(text=task)),
            topic=member.name,
        )
        for (sign, member), task in zip(_named(alliance), tasks(alliance), strict=True)
    )
    return Chapter(
        title="成员单位的任务分工",
        articles=(
            Article(
                texts=("缔约各方按照各自优势承担联盟的工作任务，任务分工如下：",),
                tables=(
                    Table(
                        rows=(heads("缔约方", "单位名称", "承担的主要任务"), *rows),
                        widths=(0.12, 0.38, 0.5),
                    ),
                ),
            ),
            Article(
                texts=(
                    "各方应当按照年度工作计划完成所承担的任务；需要调整分工的，由秘书处提出方案，经理事会审议通过后执行。",
                )
            ),
        ),
    )


def _organs(alliance: Alliance) -> Chapter:
    return Chapter(
        title="组织机构及职责",
        articles=(
            Article(texts=("联盟设成员大会、理事会、专家委员会和秘书处。",)),
            Article(
                texts=(
                    "成员大会是联盟的最高权力机构，由全体成员单位组成，每年至少召开一次会议，决定联盟的发展方向和重大事项。",
                )
            ),
            Article(
                texts=(
                    "理事会是成员大会闭会期间的决策机构，由各成员单位委派一名理事组成，实行一单位一票，决议须经全体理事三分之二以上同意。",
                )
            ),
            Article(
                texts=(
                    "专家委员会由本领域技术、管理和知识产权专家组成，负责技术路线论证、项目评议和成果评价，对理事会负责。",
                ),
                topic="experts",
            ),
            Article(
                texts=(
                    f"秘书处设在{alliance.secretariat}，是联盟的常设执行机构，配备固定的专职工作人员，负责联盟日常工作。",
                )
            ),
        ),
    )


def _rights() -> Chapter:
    return Chapter(
        title="各方的权利与义务",
        articles=(
            Article(
                texts=("缔约各方享有以下权利：",),
                items=(
                    "参加联盟的各项活动，对联盟事务享有表决权、建议权和监督权；",
                    "优先参与联盟组织的研发项目，优先使用联盟的公共技术平台；",
                    "按照本协议分享联盟的技术成果和信息资源；",
                    "依照本协议规定的程序退出联盟。",
                ),
            ),
            Article(
                texts=("缔约各方履行以下义务：",),
                items=(
                    "遵守本协议和联盟章程，执行成员大会和理事会的决议；",
                    "按时足额投入所承诺的资金、人员和设备，完成所承担的任务；",
                    "保守联盟及其他成员的技术秘密和商业秘密，退出或者被除名后仍应当履行保密义务；",
                    "维护联盟的声誉和共同利益。",
                ),
            ),
        ),
    )


def _money() -> Chapter:
    return Chapter(
        title="经费与项目管理",
        articles=(
            Article(
                texts=(
                    "联盟的经费来源包括成员单位出资、政府项目资助和技术服务收入。理事长单位每年出资20万元，副理事长单位每年出资10万元，其他企业成员每年出资5万元，高校、科研机构和服务机构免缴。",
                )
            ),
            Article(
                texts=(
                    "联盟经费由秘书处单位设立专账管理，专款专用，每年向理事会报告使用情况，接受成员单位监督。",
                )
            ),
            Article(
                texts=(
                    "联盟项目由秘书处组织征集，经论证后由理事会立项；项目承担单位应当签订项目任务书，按进度接受检查和验收。",
                )
            ),
        ),
    )


def _property() -> Chapter:
    return Chapter(
        title="知识产权的归属与使用",
        articles=(
            Article(
                texts=(
                    "缔约各方在加入联盟之前已拥有的知识产权归原单位所有；用于联盟项目的，其他成员可以按照优惠条件获得许可使用。",
                )
            ),
            Article(
                texts=(
                    "联盟项目执行过程中由一方独立完成的新知识产权，归完成方所有；由多方共同完成的，归各完成方共同所有，专利申请权和专利权的份额按照各方的贡献约定。",
                )
            ),
            Article(
                texts=(
                    "共有知识产权的共有方可以自行实施；许可第三方使用或者转让的，应当取得全体共有方书面同意，联盟成员在同等条件下享有优先受让的权利。",
                )
            ),
        ),
    )


def _benefits() -> Chapter:
    return Chapter(
        title="科技成果转化与利益分配",
        articles=(
            Article(
                texts=(
                    "联盟形成的科技成果优先在成员单位中转化，成果完成方应当在项目验收后一年内提出成果转化方案。",
                )
            ),
            Article(
                texts=(
                    "成果转化取得的收益，扣除转化成本后，由成果完成各方按照实际投入和贡献的比例进行利益分配，具体比例在项目合同中约定；提供转化条件的成员单位分享收益的比例不低于百分之十。",
                )
            ),
            Article(
                texts=("联盟组织制定的技术标准由全体成员共享，参与起草的单位按照贡献大小署名。",)
            ),
        ),
    )


def _risk() -> Chapter:
    return Chapter(
        title="风险承担",
        topic="risk",
        articles=(
            Article(
                texts=(
                    "联盟项目因技术难度等不可预见的原因失败或者部分失败的，由此产生的研发风险由项目承担各方按照出资比例共同承担。",
                ),
                topic="risk",
            ),
            Article(
                texts=(
                    "一方发现可能导致项目失败的技术风险时，应当在十五日内书面通知秘书处和其他各方，并采取措施减少损失；未及时通知致使损失扩大的，就扩大的损失承担责任。",
                ),
                topic="risk",
            ),
            Article(
                texts=("成果产业化过程中的市场风险由实施转化的单位承担，各方另有约定的从其约定。",),
                topic="risk",
            ),
        ),
    )


def _breach() -> Chapter:
    return Chapter(
        title="违约责任",
        topic="breach",
        articles=(
            Article(
                texts=(
                    "一方未按本协议投入资金、人员或者完成任务的，秘书处应当书面催告；三十日内仍未改正的，经理事会决议可以暂停其权利直至除名。",
                ),
                topic="breach",
            ),
            Article(
                texts=(
                    "一方违反保密义务或者侵害其他成员知识产权的，应当停止侵害并赔偿由此给其他各方造成的损失。",
                ),
                topic="breach",
            ),
        ),
    )


def _ending() -> Chapter:
    return Chapter(
        title="解散清算与一般条款",
        articles=(
            Article(
                texts=(
                    "联盟因期限届满、目标完成或者成员大会决议解散的，由理事会组织清算，剩余经费按照出资比例返还。",
                )
            ),
            Article(
                texts=(
                    "因本协议发生争议的，各方应当协商解决；协商不成的，任何一方可以向秘书处单位所在地人民法院提起诉讼。",
                )
            ),
            Article(
                texts=(
                    "因不可抗力不能履行本协议的，根据不可抗力的影响部分或者全部免除责任，但应当及时通知其他各方。",
                )
            ),
            Article(
                texts=(
                    "本协议有效期三年，自全体成员单位法定代表人签署并加盖公章之日起生效。本协议的变更须经全体缔约方书面同意。",
                )
            ),
            Article(
                texts=(
                    "本协议一式二十份，缔约各方各执一份，其余由秘书处保存和报送主管部门，具有同等法律效力。签署页是本协议的必要部分。",
                )
            ),
        ),
    )


def _signatures(alliance: Alliance, style: Style) -> tuple[Part, ...]:
    heading = Paragraph(text=f"（{alliance.name}组建协议签署页）", look="centred")
    if style.sheets:
        return (
            heading,
            *(
                Paragraph(text=text, look="plain", topic=member.name)
                for sign, member in _named(alliance)
                for text in (
                    f"{sign}（盖章）：{member.name}",
                    "法定代表人（签字）：",
                    "签署日期：        年    月    日",
                    "",
                )
            ),
        )
    rows = (
        Row(
            cells=(
                Cell(text=member.name),
                Cell(text=""),
                Cell(text="年    月    日"),
            ),
            topic=member.name,
        )
        for member in alliance.members
    )
    return (
        heading,
        Table(
            rows=(heads("单位名称（盖章）", "法定代表人（签字）", "签署日期"), *rows),
            widths=(0.46, 0.29, 0.25),
        ),
    )
