"""The plan 组建方案 of a sample dossier."""

from datetime import date

from ingest.samples.alliances import Alliance
from ingest.samples.draft import (
    Article,
    Cell,
    Chapter,
    Draft,
    PageBreak,
    Paragraph,
    Row,
    Style,
    Table,
)
from ingest.samples.phrases import heads, stages, tasks


def make_plan(alliance: Alliance, style: Style, written_on: date) -> Draft:
    """Return the plan with all that notice III (2) asks of an alliance."""
    return Draft(
        kind="plan",
        title=f"{alliance.name}组建方案",
        alliance=alliance.name,
        style=style,
        titled=True,
        parts=(
            Paragraph(text=alliance.name, look="title"),
            Paragraph(text="组建方案", look="title"),
            *(Paragraph(text="", look="plain"),) * 6,
            Paragraph(text=f"秘书处单位：{alliance.secretariat}", look="centred"),
            Paragraph(text=f"{written_on.year}年{written_on.month}月", look="centred"),
            PageBreak(),
            _need(alliance),
            _principles(),
            _goals(alliance, written_on.year),
            _work(alliance),
            _organs(alliance),
            _division(alliance),
            _running(),
            _schedule(written_on.year),
            _money(alliance),
            _effects(alliance),
            _support(alliance),
        ),
    )


def _need(alliance: Alliance) -> Chapter:
    core, town = alliance.core, alliance.place
    return Chapter(
        title="组建背景与必要性",
        articles=(
            Article(
                title="产业发展现状与趋势",
                texts=(
                    f"{core}是{alliance.field}领域的重要组成部分，具有产业链长、带动性强、附加值高的特点。近年来，广东省{core}产业保持较快增长，形成了以{town}为重要集聚区、辐射珠三角并带动粤东西北的产业布局，产品覆盖{'、'.join(alliance.products)}等主要门类，一批骨干企业已进入国内行业前列。",
                    f"从发展趋势看，新一轮科技革命和产业变革正在加速，{alliance.techniques[0]}、{alliance.techniques[1]}等技术成为竞争焦点，产业竞争正由单个企业的竞争转向产业链和创新链的竞争，对协同创新提出了更高要求。",
                ),
            ),
            Article(
                title="存在的主要问题",
                texts=(
                    f"一是关键共性技术供给不足，{alliance.techniques[2]}、{alliance.techniques[3]}等环节与国际先进水平仍有差距；二是企业研发力量分散，重复投入多，标准和检测体系不健全；三是高校、科研机构的成果与企业需求衔接不紧，转化周期长；四是缺乏稳定的利益保障机制，产学研合作多为短期的项目合作。",
                ),
            ),
            Article(
                title="组建联盟的必要性",
                texts=(
                    "组建联盟有利于有效整合产业技术创新资源，提高产学研结合的组织化程度；有利于促进科研与生产的紧密衔接，实现创新成果的快速产业化；有利于加强技术集成创新，联合突破重大共性技术难题，推动产业结构优化升级。",
                ),
            ),
        ),
    )


def _principles() -> Chapter:
    return Chapter(
        title="组建原则",
        articles=(
            Article(
                title="需求导向",
                texts=(
                    "瞄准产业发展的重大技术问题，由企业提出需求、共同凝练任务，促进创新要素向企业集聚。",
                ),
            ),
            Article(
                title="市场机制",
                texts=(
                    "遵循市场经济规则，立足各方共同利益，通过平等协商订立具有法律约束力的联盟协议。",
                ),
            ),
            Article(
                title="开放协同",
                texts=(
                    "坚持优势互补、利益共享、风险共担、共同发展，面向全行业开放，动态吸收新成员。",
                ),
            ),
        ),
    )


def _goals(alliance: Alliance, year: int) -> Chapter:
    return Chapter(
        title="联盟的建设目标",
        articles=(
            Article(
                title="总体目标",
                texts=(
                    f"用三年左右时间，突破{alliance.core}领域关键共性技术{len(alliance.techniques) * 2}项以上，申请发明专利40件以上，制定标准6项以上，建成开放共享的公共技术服务平台，把联盟建设成为国内有影响力的产业技术创新组织。",
                ),
            ),
            Article(
                title="年度目标", texts=("各年度目标分解如下：",), items=stages(alliance, year)
            ),
        ),
    )


def _work(alliance: Alliance) -> Chapter:
    return Chapter(
        title="主要任务",
        articles=(
            *(
                Article(
                    title=technique,
                    texts=(
                        f"针对{product}对{technique}的需求，由企业牵头、高校和科研机构参与，开展原理研究、样机试制、工艺验证和可靠性评价，形成可推广的成套技术和企业标准，并在成员单位的生产线上进行示范应用。",
                    ),
                )
                for technique, product in zip(
                    alliance.techniques, (*alliance.products, alliance.products[0]), strict=True
                )
            ),
            Article(
                title="公共技术服务平台建设",
                texts=(
                    "依托成员单位的工程中心、企业技术中心和重点实验室，整合仪器设备和检测能力，建立统一预约、有偿共享的服务机制，每年为行业提供技术服务200次以上。",
                ),
            ),
            Article(
                title="人才培养与交流",
                texts=(
                    "每年举办技术研讨会和专题培训各2次，联合培养研究生和工程技术骨干30名以上。",
                ),
            ),
        ),
    )


def _organs(alliance: Alliance) -> Chapter:
    return Chapter(
        title="组织机构",
        articles=(
            Article(
                title="成员大会",
                texts=("成员大会由全体成员单位组成，是联盟的最高权力机构，每年召开一次。",),
            ),
            Article(
                title="理事会",
                texts=(
                    f"理事会由各成员单位委派的代表组成，{alliance.secretariat}担任理事长单位。理事会下设专业工作组，负责重大事项的决策和监督执行。",
                ),
            ),
            Article(
                title="专家委员会",
                texts=(
                    "专家委员会由高校、科研机构和企业的技术专家7人组成，设主任委员1人、副主任委员1人，负责论证技术路线、评议项目和评价成果。",
                ),
                topic="experts",
            ),
            Article(
                title="秘书处与工作人员",
                texts=(
                    f"秘书处设在{alliance.secretariat}，是联盟的常设机构，配备专职工作人员4人，其中秘书长1人、项目管理2人、综合事务1人，办公场所面积120平方米，人员相对固定，负责联盟日常工作。",
                ),
            ),
        ),
    )


def _division(alliance: Alliance) -> Chapter:
    rows = (
        Row(
            cells=(
                Cell(text=str(index)),
                Cell(text=member.name),
                Cell(text=member.nature),
                Cell(text=task),
            ),
            topic=member.name,
        )
        for index, (member, task) in enumerate(
            zip(alliance.members, tasks(alliance), strict=True), start=1
        )
    )
    return Chapter(
        title="成员单位组成与任务分工",
        articles=(
            Article(
                title="成员单位一览表",
                texts=(
                    "联盟由具备较完善产业链的骨干企业和相关领域优势高校、科研机构等多个独立法人组成，成员单位及其任务分工见下表。",
                ),
                tables=(
                    Table(
                        rows=(heads("序号", "单位名称", "单位性质", "任务分工"), *rows),
                        widths=(0.09, 0.36, 0.15, 0.4),
                    ),
                ),
            ),
        ),
    )


def _running() -> Chapter:
    return Chapter(
        title="运行机制",
        articles=(
            Article(
                title="决策机制",
                texts=(
                    "实行成员大会领导下的理事会负责制，重大事项经全体理事三分之二以上同意方可实施。",
                ),
            ),
            Article(
                title="项目与经费管理机制",
                texts=(
                    "联盟项目按照征集、论证、立项、实施、验收的程序管理；联盟经费单独核算、专款专用、定期公开。",
                ),
            ),
            Article(
                title="知识产权与成果转化机制",
                texts=(
                    "成员单位原有知识产权归原单位所有，联盟项目产生的知识产权由完成单位按贡献共有；成果优先在联盟内转化，收益按照投入和贡献分配，切实保障各方利益。",
                ),
            ),
            Article(
                title="开放机制",
                texts=(
                    "成员实行动态管理，符合条件的单位可以随时申请加入；联盟的标准、检测和培训服务面向全行业开放。",
                ),
            ),
        ),
    )


def _schedule(year: int) -> Chapter:
    lines = (
        (f"{year}年7月—12月", "召开成立大会，健全组织机构和管理制度，编制技术路线图"),
        (f"{year + 1}年1月—6月", "启动首批联合攻关项目，建设公共技术服务平台"),
        (f"{year + 1}年7月—12月", "完成样机研制，起草团体标准，组织中期检查"),
        (f"{year + 2}年1月—12月", "开展应用示范和成果推广，组织项目验收和联盟绩效评价"),
    )
    return Chapter(
        title="工作计划与进度安排",
        articles=(
            Article(
                title="分阶段工作计划",
                texts=("联盟工作分四个阶段推进：",),
                tables=(
                    Table(
                        rows=(
                            heads("时间", "主要工作"),
                            *(
                                Row(cells=(Cell(text=when), Cell(text=what)))
                                for when, what in lines
                            ),
                        ),
                        widths=(0.3, 0.7),
                    ),
                ),
            ),
        ),
    )


def _money(alliance: Alliance) -> Chapter:
    share = 60 + alliance.seed % 7 * 10
    lines = (
        ("成员单位出资", f"{share}", "企业成员按协议缴纳"),
        ("承担科技项目经费", f"{share * 3}", "按项目任务书单独核算"),
        ("技术服务收入", f"{share // 2}", "检测、培训和咨询"),
        ("合计", f"{share + share * 3 + share // 2}", ""),
    )
    return Chapter(
        title="经费来源与预算",
        articles=(
            Article(
                title="三年经费预算",
                texts=(
                    f"联盟三年计划筹集经费{share + share * 3 + share // 2}万元，主要用于联合研发、平台建设、标准制定和日常运行。",
                ),
                tables=(
                    Table(
                        rows=(
                            heads("经费来源", "金额（万元）", "说明"),
                            *(Row(cells=tuple(Cell(text=text) for text in line)) for line in lines),
                        ),
                        widths=(0.35, 0.25, 0.4),
                    ),
                ),
            ),
        ),
    )


def _effects(alliance: Alliance) -> Chapter:
    return Chapter(
        title="预期成效",
        articles=(
            Article(
                title="技术成效",
                texts=(
                    f"形成{'、'.join(alliance.products)}等一批具有自主知识产权的新产品，主要技术指标达到国内领先水平。",
                ),
            ),
            Article(
                title="经济和社会效益",
                texts=(
                    "三年内带动成员单位新增产值15亿元、新增利税1.5亿元，培育高新技术企业5家，新增就业800人，能耗和排放水平明显下降。",
                ),
            ),
        ),
    )


def _support(alliance: Alliance) -> Chapter:
    return Chapter(
        title="保障措施",
        articles=(
            Article(
                title="组织保障",
                texts=(
                    f"在{alliance.recommender}的指导下，由秘书处单位主要负责人牵头成立工作小组，统筹落实组建工作。",
                ),
            ),
            Article(
                title="条件保障",
                texts=(
                    "秘书处单位提供固定的办公场所、设备和启动经费，各成员单位开放研发平台，为联合攻关提供支撑。",
                ),
            ),
            Article(
                title="制度保障",
                texts=("制定联盟章程、协议及项目、经费、知识产权等管理办法，确保联盟规范运行。",),
            ),
        ),
    )
