"""Which documents of a mail make up one dossier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.call import load_calls
from parsers.grouping import group, manifest_in
from parsers.submission import Content, Document, Problem
from tests.documents import ALLIANCE, COMPANY, SECOND, by_the_book, content, opened

CALL = load_calls()["guangdong-alliance-2016"]
CARS = "广东省新能源汽车产业技术创新联盟"
MATERIALS = "广东省新能源材料产业技术创新联盟"
TITLES = ("申报表", "组建方案", "组建章程", "组建协议")
SCAN = Content(media_type="image/jpeg", problem=Problem.SCAN)


def paper(title: str, name: str = "", path: str = "", secretariat: str = "") -> Document:
    """Return a document of that title about that alliance."""
    lines = [name, title] if name else [title]
    if secretariat:
        lines.append(f"秘书处单位：{secretariat}")
    return opened(path or f"{title}.docx", content(*lines), CALL)


def full_set(name: str, folder: str = "", secretariat: str = "") -> list[Document]:
    """Return the four documents of an alliance."""
    form, *others = TITLES
    return [
        paper(form, name, f"{folder}{form}.docx", secretariat),
        *(paper(each, name, f"{folder}{each}.docx") for each in others),
    ]


def told(documents: list[Document]) -> dict[str, list[str]]:
    return {each.name: [one.path for one in each.documents] for each in group(documents, CALL)}


def test_the_four_documents_of_one_alliance_are_one_dossier() -> None:
    paths = [f"{each}.docx" for each in TITLES]
    made = zip(paths, by_the_book(), strict=True)
    (dossier,) = group([opened(path, each, CALL) for path, each in made], CALL)
    assert (dossier.name, dossier.secretariat) == (ALLIANCE, COMPANY)
    assert [each.path for each in dossier.documents] == paths


def test_two_alliances_with_near_names_stay_two() -> None:
    found = told(full_set(CARS) + full_set(MATERIALS))
    assert {name: len(paths) for name, paths in found.items()} == {CARS: 4, MATERIALS: 4}


def test_two_sets_whose_names_differ_by_one_character_stay_two() -> None:
    names = ("广东省电子产业技术创新联盟", "广东省电力产业技术创新联盟")
    assert len(told(full_set(names[0]) + full_set(names[1]))) == 2


@pytest.mark.parametrize(
    "slip",
    [
        "广东省工业机械人产业技术创新联盟",
        "广东省机器人产业技术创新联盟",
        "广东省工业机器人产业技术创新战略联盟",
        "广东工业机器人产业技术创新联盟",
        "工业机器人联盟",
    ],
)
def test_a_slip_in_one_document_does_not_split_a_dossier(slip: str) -> None:
    documents = [*full_set(ALLIANCE)[:3], paper("组建协议", slip)]
    (dossier,) = group(documents, CALL)
    assert dossier.name == ALLIANCE
    assert len(dossier.documents) == 4


def test_a_document_of_another_alliance_is_not_merged() -> None:
    documents = [*full_set(ALLIANCE)[:3], paper("组建协议", CARS)]
    assert {name: len(paths) for name, paths in told(documents).items()} == {ALLIANCE: 3, CARS: 1}


def test_a_slip_in_another_folder_is_not_merged() -> None:
    documents = [*full_set(ALLIANCE, "甲/")[:3]]
    documents.append(paper("组建协议", "广东省工业机械人产业技术创新联盟", "乙/组建协议.docx"))
    assert len(told(documents)) == 2


def test_one_name_with_two_secretariats_in_two_folders_is_two_dossiers() -> None:
    documents = full_set(ALLIANCE, "甲/", COMPANY) + full_set(ALLIANCE, "乙/", SECOND)
    found = group(documents, CALL)
    assert [each.secretariat for each in found] == [COMPANY, SECOND]


def test_one_name_over_several_folders_is_one_dossier() -> None:
    documents = [paper(each, ALLIANCE, f"{each}/{each}.docx") for each in TITLES]
    assert len(group(documents, CALL)) == 1


def test_a_document_without_a_name_joins_the_only_dossier() -> None:
    documents = [*full_set(ALLIANCE)[:3], opened("附件4.jpg", SCAN, CALL)]
    assert len(told(documents)[ALLIANCE]) == 4


def test_a_document_without_a_name_joins_the_dossier_of_its_folder() -> None:
    documents = full_set(CARS, "市.zip/汽车/")[:3] + full_set(MATERIALS, "市.zip/材料/")
    documents.append(opened("市.zip/汽车/扫描/协议.jpg", SCAN, CALL))
    assert told(documents)[CARS][-1] == "市.zip/汽车/扫描/协议.jpg"


def test_what_comes_with_several_dossiers_joins_none() -> None:
    documents = full_set(CARS, "汽车/") + full_set(MATERIALS, "材料/")
    documents.append(opened("推荐汇总表.jpg", SCAN, CALL))
    found = told(documents)
    assert found[""] == ["推荐汇总表.jpg"]
    assert list(found)[-1] == ""


def test_a_cover_letter_that_names_several_alliances_belongs_to_none() -> None:
    letter = content(f"关于推荐{CARS}、{MATERIALS}的函")
    documents = full_set(CARS) + full_set(MATERIALS) + [opened("推荐函.docx", letter, CALL)]
    assert told(documents)[""] == ["推荐函.docx"]


def test_a_cover_letter_that_names_one_of_several_belongs_to_none() -> None:
    letter = content(f"关于推荐{CARS}等2个联盟的函")
    documents = full_set(CARS) + full_set(MATERIALS) + [opened("推荐函.docx", letter, CALL)]
    assert told(documents)[""] == ["推荐函.docx"]


def manifest(*names: str) -> Document:
    """The manifest of a batch."""
    rows = (("联盟名称", "秘书处单位"), *((name, COMPANY) for name in names))
    return opened("推荐汇总表.xls", content(rows), CALL)


def test_the_manifest_of_a_batch_is_in_no_dossier() -> None:
    lists = manifest(CARS, MATERIALS)
    assert manifest_in([lists]) == lists.listed
    assert [each.name for each in lists.listed] == [CARS, MATERIALS]
    assert told([lists, *full_set(CARS)]) == {CARS: [f"{each}.docx" for each in TITLES]}
    assert told([lists]) == {}


@pytest.mark.parametrize("folder", ["01工业机器人", "机器人联盟", "3.工业机器人联盟申报材料"])
def test_scans_in_a_folder_with_a_short_name_are_of_the_alliance_listed(folder: str) -> None:
    scans = [opened(f"市.rar/{folder}/{each}.jpg", SCAN, CALL) for each in TITLES]
    lists = manifest(ALLIANCE, CARS, MATERIALS)
    assert told([lists, *scans, *full_set(CARS, "市.rar/02/")]) == {
        ALLIANCE: [each.path for each in scans],
        CARS: [f"市.rar/02/{each}.docx" for each in TITLES],
    }


def test_a_scan_beside_what_the_folder_names_joins_it() -> None:
    documents = [*full_set(ALLIANCE, "机器人/")[:3], opened("机器人/扫描.jpg", SCAN, CALL)]
    (dossier,) = group([manifest(ALLIANCE, CARS), *documents], CALL)
    assert (dossier.name, len(dossier.documents)) == (ALLIANCE, 4)


def test_a_text_that_names_another_alliance_counts_before_its_folder() -> None:
    documents = full_set(ALLIANCE, "01工业机器人/")[:3]
    documents.append(paper("组建协议", CARS, "01工业机器人/协议.docx"))
    found = told([manifest(ALLIANCE, CARS), *documents])
    assert {name: len(paths) for name, paths in found.items()} == {ALLIANCE: 3, CARS: 1}


def test_a_folder_that_may_mean_two_listed_alliances_tells_nothing() -> None:
    documents = [*full_set(CARS, "甲/"), *full_set(MATERIALS, "乙/")]
    scan = opened("新能源/协议.jpg", SCAN, CALL)
    assert told([manifest(CARS, MATERIALS), *documents, scan])[""] == ["新能源/协议.jpg"]


def test_dossiers_stand_in_the_order_of_their_files() -> None:
    documents = full_set(MATERIALS, "1/")[:2] + full_set(CARS, "2/") + full_set(ALLIANCE, "3/")[:1]
    assert list(told(documents)) == [MATERIALS, CARS, ALLIANCE]


def test_names_come_from_files_and_folders_where_the_text_has_none() -> None:
    document = opened(f"材料/{ALLIANCE}/协议.jpg", SCAN, CALL)
    assert document.name is not None
    assert (document.name.value, document.name_from) == (ALLIANCE, "path")
    document = opened("机器人联盟协议.jpg", SCAN, CALL)
    assert document.name is not None
    assert document.name.value == "机器人联盟"


def test_a_name_in_the_text_counts_before_that_of_the_file() -> None:
    (dossier,) = group([paper("组建协议", ALLIANCE, f"{CARS}组建协议.docx")], CALL)
    assert dossier.name == ALLIANCE


def test_documents_without_any_name_are_one_dossier_without_a_name() -> None:
    documents = [paper(each, path=f"材料/{each}/{each}.docx") for each in TITLES]
    assert {name: len(paths) for name, paths in told(documents).items()} == {"": 4}


def test_two_sets_without_any_name_are_told_apart_by_folder() -> None:
    documents = [paper(each, path=f"{at}/{each}.docx") for at in "甲乙" for each in TITLES]
    assert [len(each.documents) for each in group(documents, CALL)] == [4, 4]


def test_no_documents_make_no_dossier() -> None:
    assert group([], CALL) == ()


_DOCUMENTS = st.builds(
    paper,
    st.sampled_from(TITLES),
    st.sampled_from(["", ALLIANCE, CARS, MATERIALS, "工业机器人联盟"]),
    st.sampled_from(["a.docx", "甲/b.docx", "甲/乙/c.docx", "丙/d.docx"]),
    st.sampled_from(["", COMPANY, SECOND]),
)


@given(st.lists(_DOCUMENTS, max_size=8))
def test_every_document_is_in_exactly_one_dossier(documents: list[Document]) -> None:
    grouped = [id(each) for dossier in group(documents, CALL) for each in dossier.documents]
    assert sorted(grouped) == sorted(map(id, documents))


def test_a_file_that_cannot_be_read_lies_with_those_beside_it() -> None:
    form, plan, _, agreement = full_set(CARS)
    damaged = opened("GD联盟章程03.docx", Content(media_type="", problem=Problem.DAMAGED), CALL)
    (dossier,) = group([form, plan, damaged, agreement], CALL)
    assert len(dossier.documents) == len(TITLES)


def test_a_form_whose_name_was_misread_lies_with_what_it_lacks() -> None:
    form, *others = full_set(CARS)
    assert len(group([paper("申报表", "我联盟"), *others], CALL)) == 1
    assert len(group([form, *others], CALL)) == 1
