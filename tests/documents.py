"""Documents of invented applicants as values, in the layouts in which they really arrive."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from config.call import Call
from parsers.grouping import documents_in
from parsers.submission import Block, Content, Document, File, Page

ALLIANCE = "广东省工业机器人产业技术创新联盟"
COMPANY = "粤衡精密装备股份有限公司"
SECOND = "广州启辰自动化有限公司"
THIRD = "佛山市恒岳减速机有限公司"
UNIVERSITY = "岭南理工大学"
INSTITUTE = "广东省衡海智能装备研究院"
MEMBERS = (COMPANY, SECOND, THIRD, UNIVERSITY, INSTITUTE)


def content(*blocks: Block, number: int | None = None, marks: tuple[str, ...] = ()) -> Content:
    """Return one page of lines and tables."""
    page = Page(number=number, blocks=blocks)
    return Content(media_type="text/plain", pages=(page,), marks=marks)


def printed(*pages: Iterable[Block]) -> Content:
    """Return numbered pages, as a PDF gives them."""
    made = tuple(Page(number=at, blocks=tuple(each)) for at, each in enumerate(pages, 1))
    return Content(media_type="application/pdf", pages=made, page_count=len(made))


def opened(path: str, read: Content, call: Call) -> Document:
    """Return a document opened from a path."""
    name = PurePosixPath(path).name
    file = File(path=path, filename=name, media_type=read.media_type, size=1, sha256=path)
    (document,) = documents_in(file, read, call)
    return document


# ── Six dossiers, each (form, plan, charter, agreement) laid out in its own way ────────


def by_the_book() -> tuple[Content, Content, Content, Content]:
    """Tables with labels left, chapters and articles, parties and a signature block."""
    form = content(
        "附件1",
        "广东省产业技术创新联盟",
        "申 报 表",
        (
            ("联盟名称", ALLIANCE),
            ("秘书处单位（盖章）", COMPANY),
            ("推荐单位（盖章）", "广州市科技创新委员会"),
            ("联 系 人", "联络员甲", "联系电话", "020-00000000"),
            ("传真", "", "电子邮箱", "office@example.com"),
            ("填报日期", "2016 年 5 月   日"),
        ),
        "广东省科学技术厅制",
        "二、秘书处所在单位情况表",
        (
            ("单位名称", COMPANY, "单位性质", "企业"),
            ("统一社会信用代码", "91110108551385082Q", "注册资本（万元）", ""),
        ),
        "三、广东省工业机器人产业技术创新联盟成员情况表（企业）",
        (
            ("序号", "单位名称", "主营产品", "联系人", "电话"),
            ("1", COMPANY, "工业机器人整机", "甲", "020-00000001"),
            ("2", SECOND, "控制器", "乙", "020-00000002"),
            ("3", THIRD, "减速器", "丙", "0757-00000003"),
        ),
        "广东省工业机器人产业技术创新联盟成员情况表（科研机构、高校、服务机构）",
        (
            ("序号", "单位名称", "研究方向", "联系人", "电话"),
            ("1", UNIVERSITY, "机构学", "丁", "020-00000004"),
            ("2", INSTITUTE, "机器视觉", "戊", "020-00000005"),
        ),
        "四、联盟理事会组成单位及人员",
        (
            ("序号", "姓名", "职务/职称", "所在单位", "理事会职务"),
            ("1", "甲", "董事长", COMPANY, "理事长"),
            ("2", "丁", "教授", f"{UNIVERSITY}机电学院机器人重点实验室", "副理事长"),
        ),
        "六、审核意见表",
        (("拟组建联盟秘书处单位意见", "（盖章）    年  月  日"), ("推荐单位意见", "")),
    )
    plan = content(
        ALLIANCE,
        "组建方案",
        "一、组建背景与必要性",
        "我省工业机器人产业发展迅速，关键零部件仍依赖进口，组建联盟十分必要。",
        "二、建设目标与任务",
        "到2018年突破减速器等关键技术5项，形成行业标准3项。",
        "三、组织机构",
        "联盟设理事会、专家委员会和秘书处。",
        "（一）专家委员会",
        "专家委员会由7名行业专家组成，负责技术路线的咨询与论证。",
        "（二）秘书处与日常工作人员",
        "秘书处设在秘书处单位，配备专职工作人员3名。",
        "四、运行机制",
        "联盟实行理事会领导下的秘书长负责制。",
        "五、保障措施",
        "各成员单位按章程缴纳会费。",
    )
    charter = content(
        f"{ALLIANCE}章程",
        "第一章 总则",
        f"第一条 本联盟的名称为：{ALLIANCE}。",
        "第二条 联盟的宗旨是整合资源，突破关键技术。",
        "第二章 组织机构",
        "第三条 联盟设理事会，理事会是最高决策机构。",
        "第三章 成员管理",
        "第四条 成员享有表决权，承担缴纳会费的义务。",
        "第四章 附则",
        "第五条 本章程经理事会三分之二以上成员通过后生效，解释权属秘书处。",
    )
    agreement = content(
        ALLIANCE,
        "组建协议",
        *(f"{label}方：{name}" for label, name in zip("甲乙丙丁戊", MEMBERS, strict=True)),
        "各方本着优势互补、利益共享、风险共担的原则，经友好协商，约定如下：",
        "第一条 技术创新目标",
        "联盟的技术创新目标是突破工业机器人关键技术。",
        "第二条 成员单位的任务分工",
        "甲方负责整机集成，乙方负责控制器，丙方负责减速器，丁方、戊方负责基础研究。",
        "第三条 各方的权利与义务",
        "各方有权使用联盟公共平台，并应当按时完成所承担的任务。",
        "第四条 知识产权的归属与使用",
        "各方独立完成的成果归完成方所有，共同完成的归各方共有。",
        "第五条 科技成果转化与利益分配",
        "转化收益按各方投入比例分配。",
        "第六条 风险承担",
        "研究开发中的技术风险由各方按投入比例共同承担。",
        "第七条 违约责任",
        "违约方应赔偿守约方的损失。",
        "第八条 其他",
        "本协议一式十份，自各方法定代表人签字并盖章之日起生效。",
        "（以下无正文，为签署页）",
        *(
            line
            for label, name in zip("甲乙丙丁戊", MEMBERS, strict=True)
            for line in (
                f"{label}方（盖章）：{name}",
                "法定代表人（签字）：____________",
                "签署日期：    年   月   日",
            )
        ),
    )
    return form, plan, charter, agreement


def label_lines() -> tuple[Content, Content, Content, Content]:
    """A cover of lines, member sheets, decimal numbering, a list of parties without labels."""
    form = content(
        f"{ALLIANCE}申报表",
        f"拟组建联盟名称：{ALLIANCE}",
        f"秘 书 处 单 位（盖章）：{COMPANY}",
        "推 荐 单 位（盖章）：佛山市科学技术局",
        "联  系  人：联络员乙      联系电话：0757-00000000",
        "E-mail：office@example.org   传真：________",
        "填报日期：    年   月   日",
        *(
            block
            for name in MEMBERS
            for block in (
                "成员情况表（企业）"
                if "公司" in name
                else "成员情况表（科研机构、高校、服务机构）",
                (
                    ("单位名称", name, "法定代表人", "某甲"),
                    ("单位性质", "☑企业 □高校" if "公司" in name else "□企业 ☑高校 □科研机构"),
                    ("联盟成员单位意见", "负责人（签字）：\n（公章）\n年  月  日"),
                ),
            )
        ),
    )
    plan = content(
        f"{ALLIANCE}组建方案（2016年5月）",
        "1 组建的目的和意义",
        "1.1 产业现状",
        "产业规模居全国前列。",
        "2 联盟的总体目标",
        "2.1 总体目标：三年内形成自主可控的产业链。",
        "2.2 主要任务：开展关键共性技术攻关。",
        "3 组织架构",
        "3.1 成员大会",
        "成员大会由全体成员单位组成。",
        "3.2 理事会",
        "理事会负责重大事项决策。",
        "3.3 专家技术委员会",
        "由9名专家组成。",
        "3.4 常设办事机构",
        "秘书处有固定工作人员4人，处理日常事务。",
        "4 进度安排",
        "2016年完成组建。",
    )
    charter = content(
        ALLIANCE,
        "组 建 章 程",
        "一、总则",
        "（一）名称：本联盟全称为" + ALLIANCE + "。",
        "（二）宗旨：协同创新。",
        "二、组织架构和职责",
        "（一）成员大会",
        "成员大会每年召开一次。",
        "三、成员的权利、义务",
        "（一）成员有权参加联盟活动。",
        "四、附则",
        "本章程由秘书处解释。",
    )
    agreement = content(
        f"{ALLIANCE}协议书",
        "鉴于各方愿意共同组建联盟，联盟成员单位如下：",
        *(f"{at}. {name}" for at, name in enumerate(MEMBERS, 1)),
        "1. 目标和任务",
        "1.1 联盟的目标是攻克关键技术。",
        "2. 分工与合作",
        "2.1 企业成员负责产业化，高校成员负责基础研究。",
        "3. 权利和义务",
        "3.1 各方享有平等的权利，并应当履行义务。",
        "4. 知识产权管理",
        "4.1 现有知识产权归原权利人所有。",
        "5. 成果转化及收益分配",
        "5.1 收益按贡献分配。",
        "6. 风险分担",
        "6.1 各方按约定承担。",
        "7. 争议解决",
        "7.1 协商不成的，提交仲裁。",
        "签署页",
        (
            ("序号", "单位名称（盖章）", "法定代表人（签字）", "日期"),
            *((str(at), name, "", "") for at, name in enumerate(MEMBERS, 1)),
        ),
    )
    return form, plan, charter, agreement


def printed_pages() -> tuple[Content, Content, Content, Content]:
    """PDF pages: flattened tables, broken lines, contents pages, clauses inside sentences."""
    form = printed(
        [
            "广东省产业技术创新联盟申报表",
            f"联盟名称 {ALLIANCE}",
            f"秘书处单位 {COMPANY}",
            "推荐单位 深圳市科技创新委员会",
            "联系人 联络员丙 联系电话 0755-00000000",
            "电子邮箱 office@example.net",
        ],
        [
            "成员单位一览表",
            "（一）企业",
            *(f"{at}．{name}" for at, name in enumerate(MEMBERS[:3], 1)),
            "（二）高校和科研机构",
            *(f"{at}．{name}（理事单位）" for at, name in enumerate(MEMBERS[3:], 1)),
        ],
    )
    plan = printed(
        [ALLIANCE, "建设方案", "2016年5月"],
        [
            "目  录",
            "一、建设目标……………………………………1",
            "二、组织体系……………………………………2",
            "（一）专家咨询委员会……………………………3",
        ],
        [
            "一、建设目标",
            "联盟以提升工业机器人产业核心竞争力为中心，联合全省骨干企业与高校开展关键共性技",
            "术攻关，到2018年实现国产减速器的批量应用。",
            "二、组织体系",
            "联盟由理事会、专家咨询委员会、秘书处组成，秘书处常设专职人员五名，负责日常运行。",
            "三、保障措施",
            "设立专项经费。",
        ],
    )
    charter = printed(
        [f"《{ALLIANCE}章程》", "（草案）"],
        [
            "第一章  总   则",
            "第一条  本联盟是由企业、高校、科研机构自愿组成的合作组织。",
            "第二章  业务范围",
            "第二条  开展关键技术研究。",
            "第三章  机构设置",
            "第三条  联盟大会是最高权力机构。",
            "第四章  会员",
            "第四条  会员的加入与退出由理事会决定。",
            "第五章  附则",
            "第五条  解释权属本联盟秘书处。",
        ],
    )
    agreement = printed(
        [
            f"{ALLIANCE}",
            "组建协议书",
            f"成员单位：{'、'.join(MEMBERS)}",
        ],
        [
            "第一条 目标：联盟的技术创新目标是突破关键技术。",
            "第二条 分工：甲方负责整机，其余各方按附表承担任务。",
            "第三条 权利及义务：各方有权参加联盟的活动，有义务缴纳会费。",
            "第四条 知识产权：归完成方所有。",
            "第五条 利益分配：按投入比例分配。",
            "第六条 技术风险由各方按照投入比例分别承担，任何一方不得要求他方承担超出约定的损失。",
            "第七条 本协议经各方法定代表人签字（盖章）后生效，有效期五年。",
        ],
        [
            "（签署页）",
            *(f"{name}（盖章）\n法定代表人或授权代表（签字）：" for name in MEMBERS[:3]),
            f"{MEMBERS[3]}（盖章）：          {MEMBERS[4]}（盖章）：",
            "法定代表人（签字）：              法定代表人（签字）：",
        ],
    )
    return form, plan, charter, agreement


def one_big_table() -> tuple[Content, Content, Content, Content]:
    """A form that is one table with captions inside, labels above values, blank signatures."""
    form = content(
        (
            ("广东省产业技术创新联盟申报表", "", "", ""),
            ("一、联盟基本情况", "", "", ""),
            ("联盟名称\n（中文）", ALLIANCE, "", ""),
            ("推荐部门", "广东省教育厅", "技术领域", "智能制造"),
            ("联系人", "职务", "手机", "邮箱"),
            ("联络员丁", "主任", "13000000000", "office@example.com"),
            ("二、秘书处所在单位情况表", "", "", ""),
            ("单位名称", UNIVERSITY, "单位性质", "事业单位"),
            ("专职工作人员数", "3", "专家委员会人数", "7"),
            ("三、联盟成员情况表", "", "", ""),
            ("序号", "成员单位名称", "单位性质", "承担任务"),
            ("1", COMPANY, "民营企业", "整机"),
            ("2", SECOND, "民营企业", "控制器"),
            ("3", THIRD, "民营企业", "减速器"),
            ("4", UNIVERSITY, "事业单位", "基础研究"),
            ("5", INSTITUTE, "科研机构", "视觉"),
            ("六、审核意见表", "", "", ""),
            ("秘书处单位意见", "（公章）\n负责人（签字）：\n年  月  日", "", ""),
        ),
    )
    plan = content(
        "关于组建" + ALLIANCE + "的可行性研究报告",
        "【建设目标】",
        "建成国内一流的创新联盟。",
        "【组织机构】",
        "设成员大会、理事会、专家委员会。",
        "【人员】",
        "联盟常设固定的日常工作人员由秘书处单位选派。",
    )
    charter = content(
        "章 程",
        "第一条 联盟名称：" + ALLIANCE,
        "第二条 联盟的性质是产学研合作组织，宗旨是协同创新。",
        "第三条 理事会由成员单位代表组成，理事会每年召开两次会议。",
        "第四条 加入联盟的成员单位应当承认本章程，退出联盟应提前三十日书面通知。",
    )
    agreement = content(
        "产业技术创新联盟协议",
        (("甲方", COMPANY), ("乙方", SECOND), ("丙方", THIRD)),
        (("丁方", UNIVERSITY), ("戊方", INSTITUTE)),
        f"各方自愿组建{ALLIANCE}（以下简称“联盟”），并达成如下协议。",
        "一、合作目标",
        "攻克关键技术。",
        "二、任务分工",
        (("单位", "任务"), ("甲方", "整机"), ("丁方", "基础研究")),
        "三、成员的权利",
        "参加活动。",
        "四、成员的义务",
        "缴纳会费。",
        "五、知识产权的归属和使用、科技成果转化与利益分配",
        "按本协议附件执行。",
        "六、风险责任",
        "共同承担。",
        "七、其他",
        "本协议一式____份。",
        (
            ("甲方（盖章）：\n法定代表人（签字）：", "乙方（盖章）：\n法定代表人（签字）："),
            ("丙方（盖章）：\n法定代表人（签字）：", "丁方（盖章）：\n法定代表人（签字）："),
            ("戊方（盖章）：\n法定代表人（签字）：", ""),
        ),
    )
    return form, plan, charter, agreement


def national_outline() -> tuple[Content, Content, Content, Content]:
    """The outline of the national reference text, long combined headings, annexed lists."""
    form, _, _, _ = by_the_book()
    plan = content(
        f"{ALLIANCE}筹建方案",
        "（一）组建意义",
        "推动产业升级。",
        "（二）目标与任务",
        "形成完整的技术标准体系。",
        "（三）组织机构",
        "1、联盟大会",
        "2、理事会",
        "3、专家委员会",
        "4、秘书处",
        "秘书处设专职秘书长1名、专职工作人员2名。",
        "（四）成员单位组成",
        "牵头企业与高校、院所共同组成，名单见附表。",
        "附：成员单位一览表",
        (
            ("序号", "单位名称", "类别"),
            *((str(at), name, "") for at, name in enumerate(MEMBERS, 1)),
        ),
    )
    charter = content(
        f"{ALLIANCE}章程（草案）",
        "一、联盟的名称、原则及组建宗旨",
        f"1. 名称：{ALLIANCE}。",
        "二、联盟的组织机构",
        "1. 联盟大会。联盟大会由全体成员组成。",
        "三、联盟成员",
        "1. 成员应当具备独立法人资格。",
        "四、解散和清算",
        "1. 联盟解散由大会决定。",
    )
    agreement = content(
        f"{ALLIANCE}",
        "合作契约书",
        "缔约方一：" + COMPANY,
        "住所地：广州市黄埔区",
        "缔约方二：" + SECOND,
        "缔约方三：" + THIRD,
        "缔约方四：" + UNIVERSITY,
        "缔约方五：" + INSTITUTE,
        "一、联盟名称、组织原则和组建宗旨",
        "（一）坚持优势互补、利益共享、风险共担的原则。",
        "二、技术创新目标、任务和联盟成员的任务分工",
        "（一）联盟的目标是突破关键技术。",
        "三、联盟成员的权利、义务",
        "（一）成员有权获得联盟的技术服务。",
        "四、收益分配原则和知识产权管理",
        "（一）现有知识产权归原所有人。",
        "五、科技成果转化、风险承担",
        "（一）科研成果优先向成员单位转让，风险由相关各方分担。",
        "六、解散和清算",
        "（一）由理事会决定。",
        "七、违约责任",
        "（一）违约方承担违约责任。",
        "单位名称：" + COMPANY + "（公章）",
        "法定代表人：",
        "单位名称：" + SECOND + "（公章）",
        "法定代表人：",
        "单位名称：" + THIRD + "（公章）",
        "法定代表人：",
        "单位名称：" + UNIVERSITY + "（公章）",
        "法定代表人：",
        "单位名称：" + INSTITUTE + "（公章）",
        "法定代表人：",
    )
    return form, plan, charter, agreement


def running_text() -> tuple[Content, Content, Content, Content]:
    """Clauses without headings, proven by sentences; names with odd spaces and brackets."""
    form = content(
        "2016年度广东省产业技术创新联盟申报书",
        (
            ("创新联盟名称：", "广东省 工业机器人 产业技术创新联盟"),
            ("牵头单位：", "", COMPANY + "（公章）"),
            ("归口管理部门：", "", "佛山市顺德区经济和科技促进局"),
            ("联络人：联络员戊", "办公电话：0757-00000000"),
        ),
        "成员单位名单",
        (
            ("类别", "单位名称"),
            ("企业", COMPANY),
            ("", SECOND),
            ("", THIRD),
            ("高校", UNIVERSITY),
            ("科研院所", INSTITUTE),
        ),
    )
    plan = content(
        f"关于{ALLIANCE}的组建工作方案",
        "联盟的总体目标是建设具有国际竞争力的机器人产业集群，主要任务是攻克共性技术。",
        "联盟设成员大会、理事会和秘书处，并聘请省内外专家组成专家委员会。",
        "秘书处有专职人员三名，常设于牵头单位。",
    )
    charter = content(
        ALLIANCE + "组建章程",
        "联盟的宗旨是促进产学研合作。",
        "联盟设理事会，理事会下设秘书处。",
        "成员单位可以自愿加入联盟，也可以自愿退出联盟。",
    )
    agreement = content(
        "联盟协议",
        "下列单位自愿签订本协议：" + "；".join(MEMBERS) + "。",
        "联盟的技术创新目标是在三年内突破关键技术。为实现上述目标，各方应当密切配合。",
        "技术创新目标由理事会按照年度分解。",
        "各方的任务分工如下：企业负责产业化，高校负责基础研究。各方应按照任务分工开展工作。",
        "各方有权使用联盟平台。各方应当履行缴纳会费的义务。",
        "各方原有的知识产权归各自所有。合作产生的知识产权由完成方享有。",
        "成果转化所得收益按照贡献大小分配。成员单位有权优先受让联盟的科技成果，成果转化由秘书处负责。",
        "各方按照投入比例共同承担研发风险。",
        *(f"单位（盖章）：{name}" for name in MEMBERS),
    )
    return form, plan, charter, agreement


CLEAN = (by_the_book, label_lines, printed_pages, one_big_table, national_outline, running_text)
