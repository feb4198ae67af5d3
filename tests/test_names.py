"""Names and codes: what is one name, what is another, and where they stand in text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.call import load_calls
from parsers.names import (
    Likeness,
    core_of,
    find_names,
    find_number,
    is_organisation,
    name_in_path,
    normal_form,
    organisation_code,
    organisation_form,
    same_body,
    same_organisation,
    split_name,
)
from tests.codes import body_check, body_code, credit_code

CALL = load_calls()["guangdong-alliance-2016"]
ROBOTS = "广东省工业机器人产业技术创新联盟"


@pytest.mark.parametrize(
    "written",
    [
        "广东省 工业机器人 产业技术创新联盟",
        "《广东省工业机器人产业技术创新联盟》",
        "“广东省工业机器人产业技术创新联盟”申报表",
        "广东省工业机器人产业技术创新联盟组建协议书（最终版）20160531",
        "广东省工业机器人产业技术创新联盟_章程_v2.1",
        "廣東省工業機器人產業技術創新聯盟",
        "广东省⼯业机器⼈产业技术创新联盟",
        "广东省\u200b工业机器人产业技术创新联盟",
        "广东省广东省工业机器人产业技术创新联盟",
        "广东省　工业机器人产业技术创新联盟-扫描件(1)",
    ],
)
def test_ways_of_writing_one_name_have_one_normal_form(written: str) -> None:
    assert normal_form(written, CALL) == ROBOTS


def test_width_and_case_make_no_difference() -> None:
    wide = normal_form("广东省半导体照明（ＬＥＤ）产业技术创新联盟", CALL)
    assert wide == normal_form("广东省半导体照明(led)产业技术创新联盟", CALL)


def test_noise_is_cut_behind_a_name_only() -> None:
    assert core_of("广东省新材料产业技术创新联盟材料", CALL) == "新材料"
    assert normal_form("广东省协议材料", CALL) == "广东省协议材料"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (ROBOTS, ("广东省", "工业机器人", "产业技术创新联盟")),
        ("广东云计算产业技术创新联盟", ("广东", "云计算", "产业技术创新联盟")),
        ("国家石墨烯产业技术创新战略联盟", ("国家", "石墨烯", "产业技术创新战略联盟")),
        ("机器人联盟", ("", "机器人", "联盟")),
        ("机器人协作体", ("", "机器人协作体", "")),
        ("文化产业产业联盟", ("", "文化产业", "产业联盟")),
        ("粤机器人产业联盟", ("粤", "机器人", "产业联盟")),
        ("粤东机器人产业联盟", ("", "粤东机器人", "产业联盟")),
        ("广东省粤港澳机器人产业联盟", ("广东省", "粤港澳机器人", "产业联盟")),
    ],
)
def test_a_name_is_prefix_core_and_suffix(name: str, parts: tuple[str, str, str]) -> None:
    assert split_name(name, CALL) == parts


@pytest.mark.parametrize(
    ("one", "other"),
    [("新能源汽车", "新能源材料"), ("电子", "电力"), ("机器人", "机器视觉"), ("新能源", "新材料")],
)
def test_cores_of_different_alliances_differ(one: str, other: str) -> None:
    names = [f"广东省{core}产业技术创新联盟" for core in (one, other)]
    assert core_of(names[0], CALL) != core_of(names[1], CALL)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("关于报送广东省工业机器人产业技术创新联盟申报材料的函", [ROBOTS]),
        ("我单位牵头组建的新能源汽车产业技术创新联盟", ["新能源汽车产业技术创新联盟"]),
        ("由岭南理工大学牵头的石墨烯产业技术创新联盟", ["石墨烯产业技术创新联盟"]),
        ("转发：“广东省南药产业技术创新联盟”材料", ["广东省南药产业技术创新联盟"]),
        ("（一）广东省南药产业技术创新联盟", ["广东省南药产业技术创新联盟"]),
        ("附件1：新能源汽车产业技术创新联盟申报表", ["新能源汽车产业技术创新联盟"]),
        ("01广东省石墨烯产业联盟.docx", ["广东省石墨烯产业联盟"]),
        ("广东省工业4.0产业技术创新联盟", ["广东省工业4.0产业技术创新联盟"]),
        (
            "广东省半导体照明（LED）产业技术创新联盟、广东省石墨烯产业技术创新联盟",
            ["广东省半导体照明（LED）产业技术创新联盟", "广东省石墨烯产业技术创新联盟"],
        ),
        ("广东省 3D打印 产业技术创新联盟", ["广东省 3D打印产业技术创新联盟"]),
        ("广东省机器人联盟", ["广东省机器人联盟"]),
    ],
)
def test_names_are_found_without_the_words_before_them(text: str, found: list[str]) -> None:
    assert list(find_names(text, CALL)) == found


@pytest.mark.parametrize(
    "text",
    [
        "创新联盟名称统一为“广东省XXX（领域或行业）产业技术创新联盟”",
        "广东省××产业技术创新联盟",
        "广东省      产业技术创新联盟",
        "广东省____产业技术创新联盟",
        "广东省（  ）产业技术创新联盟",
        "《广东省产业技术创新联盟申报表》",
        "本联盟由各成员单位组成，加入联盟须经理事会同意。",
        "各创新联盟，我省产业技术创新联盟",
        "申报材料",
        "",
    ],
)
def test_patterns_and_mere_mentions_are_no_names(text: str) -> None:
    assert find_names(text, CALL) == ()


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("机器人联盟申报表.doc", "机器人联盟"),
        ("3D打印产业技术创新联盟（终稿）20160531.doc", "3D打印产业技术创新联盟"),
        ("广东省石墨烯产业技术创新联盟", "广东省石墨烯产业技术创新联盟"),
        ("申报表.doc", ""),
        ("附3 联盟章程.docx", ""),
        ("1号材料 联盟申请表.docx", ""),
        ("材料2-机器人联盟章程.docx", "机器人联盟"),
        ("广东省产业技术创新联盟申报表.doc", ""),
        ("扫描0001.jpg", ""),
    ],
)
def test_a_file_or_folder_name_may_carry_a_name(part: str, name: str) -> None:
    assert name_in_path(part, CALL) == name


@given(
    st.text(max_size=60)
    | st.text("广东省产业技术枝术创新连盟()（）【】《》“”[ ]A⼯ａ", max_size=40)
)
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    once = normal_form(text, CALL)
    assert normal_form(once, CALL) == once
    form = organisation_form(text)
    assert organisation_form(form) == form


WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
INVISIBLE = st.sampled_from(["", " ", "　", "\u200b", "\ufeff", "\u00a0"])
STYLES = ["()", "（）", "[]", "［］", "【】", "〔〕", "{}"]
PLAIN = st.text("工业机器人石墨烯新能源LED3D云", min_size=1, max_size=9)


@given(PLAIN, PLAIN, st.sampled_from(STYLES), st.lists(INVISIBLE, min_size=40, max_size=40))
def test_width_spacing_and_brackets_make_no_difference(
    core: str, inner: str, style: str, gaps: list[str]
) -> None:
    name = f"广东省{core}({inner})产业技术创新联盟"
    opening, closing = style[0], style[1]
    other = name.replace("(", opening).replace(")", closing).translate(WIDE)
    spaced = "".join(letter + gap for letter, gap in zip(other, gaps, strict=False))
    assert normal_form(spaced + other[len(gaps) :], CALL) == normal_form(name, CALL)
    firm = f"{core}({inner})有限公司"
    other_firm = firm.replace("(", opening).replace(")", closing).translate(WIDE)
    assert organisation_form(other_firm) == organisation_form(firm)


@pytest.mark.parametrize("whole", ["【{}】", "（{}）", "《{}》", "「{}」申报表", "【{}】组建协议"])
def test_brackets_around_a_whole_name_are_none_of_it(whole: str) -> None:
    assert normal_form(whole.format(ROBOTS), CALL) == ROBOTS


@pytest.mark.parametrize(
    "slip",
    [
        "产业枝术创新联盟",
        "产业技木创新联盟",
        "产业技术创薪联盟",
        "产业技术创新连盟",
        "技术创新连盟",
    ],
)
def test_a_slip_in_the_suffix_leaves_the_core_and_stays_in_the_name(slip: str) -> None:
    name = f"广东省工业机器人{slip}"
    assert core_of(name, CALL) == "工业机器人"
    assert normal_form(f"{name}申报表", CALL) == name
    assert find_names(f"关于报送{name}材料的函", CALL) == (name,)


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("广东省水产种业技术创新联盟", "水产种业"),
        ("广东省数字艺术创新联盟", "数字艺术"),
        ("广东省连接器产业技术创新联盟", "连接器"),
        ("广东省半导体照明（LED）产业技术创新联盟", "半导体照明LED"),
        ("广东省半导体照明LED产业技术创新联盟", "半导体照明LED"),
        ("广东省工业机器人技术创新联盟", "工业机器人"),
        ("工业机器人产业联盟", "工业机器人"),
    ],
)
def test_the_core_is_what_tells_an_alliance_apart(name: str, core: str) -> None:
    assert core_of(name, CALL) == core


@given(st.text(alphabet="广东省产业技术创新联盟的关于（）《》、 X_1A", max_size=80))
def test_whatever_is_found_is_found_again_by_itself(text: str) -> None:
    for name in find_names(text, CALL):
        forms = [normal_form(each, CALL) for each in find_names(name, CALL)]
        assert forms == [normal_form(name, CALL)]


# ── Registry numbers ──────────────────────────────────────────────────────────────────


def test_registry_numbers_are_found_in_their_standard_form() -> None:
    text = "Re: [LM2016-0037] 补充材料，另见 lm2016-12、ＬＭ２０１６－０００５"
    assert find_number(text, CALL) == ("LM2016-0037", "LM2016-0012", "LM2016-0005")


def test_a_letter_about_several_dossiers_names_none_of_them() -> None:
    assert find_number("回复：[LM2016-0037等10件] 收件回执", CALL) == ()


def test_a_number_inside_a_longer_word_is_none() -> None:
    assert find_number("ALM2016-0037B XLM2016-0001 LM2016", CALL) == ()


# ── Organisations ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("粤衡（深圳）科技有限公司", "粤衡(深圳) 科技有限公司", Likeness.SAME),
        ("粵衡科技有限公司", "粤衡科技有限公司", Likeness.SAME),
        ("粤衡装备有限公司", "粤衡装备股份有限公司", Likeness.NEAR),
        ("粤衡装备有限公司", "粤衡装备有限责任公司", Likeness.NEAR),
        ("粤衡装备集团有限公司", "粤衡装备（集团）有限公司", Likeness.NEAR),
        ("广州启辰自动化有限公司", "广州市启辰自动化有限公司", Likeness.NEAR),
        ("佛山恒岳精密减速机有限公司", "佛山恒岳精密减速器有限公司", Likeness.NEAR),
        ("岭南理工大学", "岭南理工大学机电学院机器人重点实验室", Likeness.PART),
        ("粤衡装备有限公司", "粤衡装备有限公司佛山分公司", Likeness.PART),
        ("岭南理工大学", "岭南农业大学", Likeness.OTHER),
        ("岭南大学", "岭南大学附属第一医院", Likeness.OTHER),
        ("粤衡（深圳）科技有限公司", "粤衡（广州）科技有限公司", Likeness.OTHER),
        ("广东省第一轻工业研究院", "广东省第二轻工业研究院", Likeness.OTHER),
        ("", "岭南理工大学", Likeness.OTHER),
    ],
)
def test_likeness_of_organisations(one: str, other: str, likeness: Likeness) -> None:
    assert same_organisation(one, other, CALL) is likeness
    assert same_organisation(other, one, CALL) is likeness


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("广州启辰自动化有限公司", "广州市启辰自动化有限公司", True),
        ("广东启辰研究院", "广东省启辰研究院", True),
        ("粤衡装备集团有限公司", "粤衡装备（集团）有限公司", True),
        ("粤衡（集团）装备有限公司", "粤衡装备集团有限公司", True),
        ("粤衡装备股份有限公司（原粤衡装备有限公司）", "粤衡装备有限公司", True),
        ("粤衡股份有限公司（曾用名：粤衡（深圳）有限公司）", "粤衡(深圳)有限公司", True),
        ("华工", "华南理工大学", True),
        ("中大生命科学学院", "中山大学", True),
        ("广州启辰有限公司技术中心", "广州市启辰有限公司", True),
        ("粤衡装备有限公司", "粤衡装备股份有限公司", False),
        ("粤衡装备有限公司", "粤衡装备有限责任公司", False),
        ("粤衡装备集团有限公司", "粤衡装备有限公司", False),
        ("粤衡（深圳）科技有限公司", "粤衡科技有限公司", False),
        ("华南理工大学", "华南理工大学广州学院", False),
        ("中大科技有限公司", "中山大学", False),
        ("佛山恒岳精密减速机有限公司", "佛山恒岳精密减速器有限公司", False),
    ],
)
def test_one_legal_person_may_be_written_in_several_ways(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - expected value
    assert same_body(one, other, CALL) is same
    assert same_body(other, one, CALL) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华南理工大学", "华南理工大学广州学院"),
        ("广东粤衡集团", "广东粤衡集团系统工程有限公司"),
        ("岭南理工大学", "岭南理工大学研究中心有限公司"),
    ],
)
def test_a_legal_person_of_its_own_is_no_part(one: str, other: str) -> None:
    assert same_organisation(one, other, CALL) is Likeness.OTHER


def test_legal_forms_and_places_stay_in_the_form_of_a_name() -> None:
    assert organisation_form(" 粤衡（深圳）股份 有限公司 ") == "粤衡(深圳)股份有限公司"


@pytest.mark.parametrize("name", ["岭南理工大学", "粤衡装备（集团）有限公司", "衡海研究所"])
def test_names_that_look_like_organisations(name: str) -> None:
    assert is_organisation(name)


@pytest.mark.parametrize(
    "text",
    [
        *("负责整机设计", "各成员单位", "公司", "交流的场所", "设立秘书处、办公室"),
        *("公立医院", "省属科研院所", "开放实验室", "海洋牧场", "靠一家公司"),
        *("科研处处长曹沁园", "2016年6月2日示范园", "设有控制方向的学科点和实验室"),
    ],
)
def test_texts_that_do_not_look_like_organisations(text: str) -> None:
    assert not is_organisation(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91110000600037341L", "600037341"),
        ("91110108551385082Q", "551385082"),
        ("91430111MA4L16JQ9B", "MA4L16JQ9"),
        ("统一社会信用代码：9111 0108 5513 8508 2Q", "551385082"),
        ("9111O1O8551385O82Q", "551385082"),
        ("55138508-2", "551385082"),
        ("组织机构代码 ５５１３８５０８－２", "551385082"),
        ("91110108551385082A", ""),
        ("55138508-3", ""),
        ("020-00000000", ""),
        ("440301103456789", ""),
        ("", ""),
    ],
)
def test_old_and_new_codes_of_one_body_give_one_body_code(text: str, code: str) -> None:
    assert organisation_code(text) == code


@given(body_code(), st.sampled_from(["91440101", "12440000", "51440300"]))
def test_a_body_and_its_credit_code_are_one(body: str, area: str) -> None:
    whole = credit_code(area, body)
    assert organisation_code(whole) == organisation_code(f"{body[:8]}-{body[8]}") == body
    assert organisation_code(f"{whole[:8]} {whole[8:]}") == body


@given(body_code(), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_makes_a_code_wrong(body: str, at: int, letter: str) -> None:
    whole = credit_code("91440101", body)
    wrong = whole[:at] + letter + whole[at + 1 :]
    assert (organisation_code(wrong) == "") is (wrong != whole)


def test_a_credit_code_whose_weighed_sum_leaves_nothing_ends_in_0() -> None:
    bodies = (f"{serial:08d}" for serial in range(1000))
    codes = (credit_code("91440101", body + body_check(body)) for body in bodies)
    whole = next(each for each in codes if each.endswith("0"))
    assert organisation_code(whole) == whole[8:17]


def test_a_text_without_a_code_gives_none() -> None:
    assert organisation_code(CALL.notice) == ""


@pytest.mark.parametrize(
    "name",
    ["广东省互联网+现代农业产业技术创新联盟", "广东省“互联网＋”现代农业产业技术创新联盟"],
)
def test_a_plus_sign_or_a_quotation_inside_a_name_belongs_to_it(name: str) -> None:
    assert find_names(f"关于组建{name}的协议", CALL) == (name,)
    assert normal_form(name, CALL) == normal_form("广东省互联网+现代农业产业技术创新联盟", CALL)


def test_a_plus_sign_between_other_words_ends_a_name() -> None:
    assert find_names("申报表+广东省软件产业技术创新联盟", CALL) == ("广东省软件产业技术创新联盟",)
