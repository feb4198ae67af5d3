"""The charter 组建章程 of a sample dossier: six chapters, as provinces outline them."""

from datetime import date

from ingest.samples.alliances import Alliance
from ingest.samples.draft import Article, Chapter, Draft, Paragraph, Style
from ingest.samples.phrases import stages


def make_charter(alliance: Alliance, style: Style, written_on: date) -> Draft:
    """Return the charter."""
    return Draft(
        kind="charter",
        title=f"{alliance.name}章程",
        alliance=alliance.name,
        style=style,
        parts=(
            Paragraph(text=alliance.name, look="title"),
            Paragraph(text="章程" if style.sheets else "组建章程", look="title"),
            Paragraph(
                text=f"（{written_on.year}年{written_on.month}月{written_on.day}日联盟筹备会议讨论通过）",
                look="centred",
            ),
            _general(alliance),
            _business(alliance, written_on),
            _organs(alliance),
            _members(),
            _money(),
            _closing(),
        ),
    )


def _general(alliance: Alliance) -> Chapter:
    return Chapter(
        title="总则",
        articles=(
            Article(texts=(f"联盟名称：{alliance.name}（以下简称“联盟”）。",)),
            Article(
                texts=(
                    f"联盟的性质：联盟由广东省内从事{alliance.core}研究开发、生产经营和技术服务的企业、高校、科研机构及其他组织自愿组成，是以产业技术创新需求为导向、以契约为保障的非法人技术创新合作组织。",
                )
            ),
            Article(
                texts=(
                    f"联盟的宗旨：遵守国家法律法规和政策，坚持自愿平等、优势互补、利益共享、风险共担、共同发展，提升广东省{alliance.core}产业的自主创新能力和核心竞争力。",
                )
            ),
            Article(
                texts=(
                    f"联盟接受广东省科学技术厅的业务指导和{alliance.recommender}的日常管理。联盟秘书处设在{alliance.secretariat}，地址：{alliance.address}。",
                )
            ),
        ),
    )


def _business(alliance: Alliance, written_on: date) -> Chapter:
    return Chapter(
        title="目标与业务范围",
        articles=(
            Article(texts=("联盟的目标按年度分步实施：",), items=stages(alliance, written_on.year)),
            Article(
                texts=("联盟的业务范围：",),
                items=(
                    f"组织成员单位开展{'、'.join(alliance.techniques)}等关键共性技术的联合研发；",
                    "建设公共技术服务平台，实现仪器设备、数据和人才资源的开放共享；",
                    "组织制定团体标准，参与制定行业标准和国家标准；",
                    "促进科技成果转化和示范应用，开展技术培训与学术交流；",
                    "承接政府部门委托的产业研究和技术咨询工作。",
                ),
            ),
        ),
    )


def _organs(alliance: Alliance) -> Chapter:
    return Chapter(
        title="组织机构",
        articles=(
            Article(
                texts=("联盟的组织机构由成员大会、理事会、专家委员会和秘书处组成。",),
            ),
            Article(
                texts=("成员大会是联盟的最高权力机构，由全体成员单位组成，其职权是：",),
                items=(
                    "制定和修改联盟章程；",
                    "选举和罢免理事；",
                    "审议理事会的工作报告和财务报告；",
                    "决定联盟的终止和其他重大事项。",
                ),
            ),
            Article(
                texts=(
                    "成员大会每年召开一次，须有三分之二以上的成员单位出席方能召开，其决议须经到会成员单位半数以上表决通过方能生效。",
                )
            ),
            Article(
                texts=(
                    "理事会由各成员单位委派的理事组成，每届任期三年，设理事长一名、副理事长二名。理事会每半年至少召开一次会议，决议须经全体理事三分之二以上同意方为有效。",
                )
            ),
            Article(
                texts=(
                    "专家委员会设主任委员一名，委员由理事会聘任，负责审议联盟的技术发展规划、评议研发项目并提供决策咨询。",
                ),
                topic="experts",
            ),
            Article(
                texts=(
                    f"秘书处是联盟的常设执行机构，由{alliance.secretariat}负责组建，设秘书长一名，配备专职工作人员三名以上，负责联盟日常事务、项目管理、信息交流和档案管理。",
                )
            ),
        ),
    )


def _members() -> Chapter:
    return Chapter(
        title="成员管理",
        articles=(
            Article(
                texts=("申请加入联盟的单位应当具备下列条件：",),
                items=(
                    "依法登记的独立法人，承认本章程并签署联盟协议；",
                    "在本领域具有一定的研发能力、生产规模或者服务能力；",
                    "愿意为联盟的发展投入必要的资源。",
                ),
            ),
            Article(
                texts=(
                    "加入联盟的程序：提交书面申请，由秘书处初审，经理事会三分之二以上理事表决通过，签署联盟协议后成为成员。",
                )
            ),
            Article(
                texts=("成员的权利：",),
                items=(
                    "选举权、被选举权和表决权；",
                    "参加联盟的活动，优先获得联盟的技术服务和成果转让；",
                    "对联盟工作的知情权、批评建议权和监督权；",
                    "入盟自愿，退盟自由。",
                ),
            ),
            Article(
                texts=("成员的义务：",),
                items=(
                    "遵守联盟章程和协议，执行联盟决议；",
                    "完成联盟交办的工作，按规定缴纳经费；",
                    "向联盟反映情况，提供有关资料；",
                    "保守联盟的技术秘密和商业秘密。",
                ),
            ),
            Article(
                texts=(
                    "成员退出联盟应当提前三十日书面通知秘书处，并结清所承担的任务和费用。成员严重违反章程或者连续两年不参加联盟活动的，经理事会表决通过予以除名。",
                )
            ),
        ),
    )


def _money() -> Chapter:
    return Chapter(
        title="经费管理",
        articles=(
            Article(
                texts=(
                    "联盟经费来源：成员单位缴纳的年度经费、政府资助、技术服务收入和其他合法收入。企业成员年度经费标准为5万元，理事长单位和副理事长单位另按联盟协议出资。",
                )
            ),
            Article(
                texts=(
                    "联盟经费必须用于章程规定的业务范围和事业发展，由秘书处编制年度预算，经理事会批准后执行，每年向成员大会报告收支情况。",
                )
            ),
        ),
    )


def _closing() -> Chapter:
    return Chapter(
        title="附则",
        articles=(
            Article(texts=("联盟的变更、终止由理事会提出方案，经成员大会三分之二以上表决通过。",)),
            Article(texts=("本章程经联盟成员大会三分之二以上成员通过后生效，修改程序亦同。",)),
            Article(texts=("本章程的解释权属联盟秘书处。",)),
        ),
    )
