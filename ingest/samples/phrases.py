"""Sentences and table rows that several of the four documents share."""

from ingest.samples.alliances import Alliance
from ingest.samples.draft import Cell, Row

NATURES = {"enterprise": "企业", "research": "科研机构、高校", "service": "服务机构"}


def heads(*labels: str) -> Row:
    """Return a row of column headings."""
    return Row(cells=tuple(Cell(text=label, head=True) for label in labels))


def stages(alliance: Alliance, year: int) -> tuple[str, ...]:
    """Return what the alliance means to reach in each of its three years."""
    first, second, third, fourth = alliance.techniques
    return (
        f"{year}年：完成联盟组织建设和技术路线图编制，启动{first}的联合攻关，申请发明专利8件；",
        f"{year + 1}年：在{second}和{third}方面取得突破，完成{alliance.products[0]}样机研制，制定团体标准2项；",
        f"{year + 2}年：完成{fourth}的应用验证，{'、'.join(alliance.products[:2])}实现产业化，带动新增产值5亿元以上。",
    )


def tasks(alliance: Alliance) -> tuple[str, ...]:
    """Return the task of each member, in the order of the members."""
    return tuple(
        _task(alliance, index, member.kind) for index, member in enumerate(alliance.members)
    )


def _task(alliance: Alliance, index: int, kind: str) -> str:
    technique = alliance.techniques[index % len(alliance.techniques)]
    product = alliance.products[index % len(alliance.products)]
    if index == 0:
        return f"承担秘书处工作，负责{technique}的总体方案和{product}的产业化"
    return {
        "enterprise": f"负责{technique}的工程化开发和{product}的中试与推广",
        "research": f"负责{technique}的基础理论研究、关键工艺验证和人才培养",
        "service": "负责技术标准宣贯、检测咨询服务和产业信息收集",
    }[kind]


def councillor(index: int) -> str:
    """Return the office in the council 理事会 of the member at that place in the list."""
    if index == 0:
        return "理事长"
    return "副理事长" if index in {1, 2} else "理事"
