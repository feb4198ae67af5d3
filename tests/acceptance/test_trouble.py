"""Trouble is told in one line that says what to do, and nothing is lost by it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.acceptance.applicants import WITHOUT_AGREEMENT, alliance, dossier, mail, paper
from tests.acceptance.installation import Ended, Installation
from tests.servers import MailCatcher


def told(done: Ended, code: int, *words: str) -> None:
    """Assert that a command ended so, with one line on stderr that has these words."""
    lines = done.err.splitlines()
    assert (done.code, len(lines)) == (code, 1), done
    for word in words:
        assert word in lines[0]


def closed_port() -> int:
    """A port on which nothing listens."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


# ── servers: exit code 1, and all goes on once it is mended ──────────────────────────────


def test_a_wrong_mailbox_password_is_told_in_a_line_and_nothing_is_lost(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0))
    wrong = house.folder / "password"
    wrong.write_text("not-the-secret", encoding="utf-8")
    right = house.sections["mailbox.main"]["password_file"]
    house.configure(mailbox__main={"password_file": wrong})
    failed = house.intake("once")
    told(failed, 1, "mailbox main", "sign-in", "password")
    assert "not-the-secret" not in failed.err + failed.out
    told(house.intake("reconcile"), 1, "mailbox main")
    house.configure(mailbox__main={"password_file": right})
    assert house.once()["mails"] == {"filed": 1}
    assert len(catcher.caught) == 1


def test_a_wrong_mailbox_host_is_told_in_a_line_and_nothing_is_lost(house: Installation) -> None:
    house.deliver(dossier(0))
    port = house.sections["mailbox.main"]["port"]
    house.configure(mailbox__main={"port": closed_port()})
    told(house.intake("once"), 1, "mailbox main", "cannot be reached", "check host")
    house.configure(mailbox__main={"port": port})
    assert house.once()["mails"] == {"filed": 1}


def test_a_host_name_that_does_not_exist_is_told_in_a_line(house: Installation) -> None:
    house.configure(mailbox__main={"host": "nowhere.invalid", "security": "tls"})
    told(house.intake("once"), 1, "mailbox main", "nowhere.invalid", "check host")


def test_a_folder_that_is_not_there_is_told_in_a_line_and_the_others_are_read(
    house: Installation,
) -> None:
    house.configure(mailbox__main={"folders": ["申报", "INBOX"]})
    house.deliver(dossier(0))
    told(house.intake("once"), 1, "mailbox main", "申报", "INBOX")
    assert house.fates() == ["filed"]


def test_an_unreachable_mail_server_is_told_in_a_line_and_letters_go_when_it_is_back(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0))
    house.configure(smtp={"port": closed_port()})
    told(house.intake("once"), 1, "smtp", "cannot be reached", "check smtp.host")
    assert [each["state"] for each in house.letters()] == ["queued"]
    assert house.dossier()["status"] == "awaiting-paper"
    house.configure(smtp={"port": catcher.port})
    house.once()
    assert len(catcher.caught) == 1
    assert house.letters()[0]["state"] == "sent"


def test_a_wrong_password_at_the_mail_server_is_told_in_a_line(
    house: Installation, tmp_path: Path
) -> None:
    with MailCatcher(login="intake") as strict:
        settings = strict.settings(tmp_path / "smtp-password")
        house.configure(smtp=settings)
        (tmp_path / "smtp-password").write_text("wrong", encoding="utf-8")
        house.deliver(dossier(0))
        told(house.intake("once"), 1, "smtp", "sign-in", "password")
        strict.settings(tmp_path / "smtp-password")
        house.once()
        assert len(strict.caught) == 1


def test_a_broken_mailbox_does_not_keep_another_from_being_read(
    house: Installation, catcher: MailCatcher
) -> None:
    other = {**house.sections["mailbox.main"], "port": closed_port()}
    house.configure(mailbox__branch=other)
    house.deliver(dossier(0))
    told(house.intake("once"), 1, "mailbox branch")
    assert house.fates() == ["filed"]
    assert len(catcher.caught) == 1


def test_the_daemon_reads_one_mailbox_while_another_is_broken(
    house: Installation, catcher: MailCatcher
) -> None:
    other = {**house.sections["mailbox.main"], "port": closed_port()}
    house.configure(mailbox__branch=other)
    with house.serve() as running:
        running.wait_for_line("mailbox branch")
        house.deliver(dossier(0))
        catcher.wait_for(1, timeout=60)
    assert not [line for line in running.lines if "Traceback" in line]


def test_the_daemon_takes_up_letters_that_the_mail_server_did_not_take(
    house: Installation, catcher: MailCatcher
) -> None:
    catcher.on_message = lambda _: "451 later"
    house.deliver(dossier(0))
    with house.serve() as running:
        running.wait_for_line("was not taken")
    assert [each["state"] for each in house.letters()] == ["queued"]
    catcher.on_message = lambda _: None
    house.once()
    assert len(catcher.caught) == 1


# ── configuration: exit code 2, naming key and file ──────────────────────────────────────


@pytest.mark.parametrize("command", ["once", "serve", "queue", "reconcile", "doctor", "desk"])
def test_an_unknown_key_is_refused_by_name(house: Installation, command: str) -> None:
    house.configure(smtp={"hots": "127.0.0.1"})
    told(house.intake(command), 2, str(house.config), "smtp.hots", "no such key")


def test_an_unknown_section_is_refused_by_name(house: Installation) -> None:
    house.configure(letters={"mode": "auto"})
    told(house.intake("once"), 2, str(house.config), "letters")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("receipts", "quiet_period", "soon"),
        ("receipts", "mode", "sometimes"),
        ("mailbox.main", "security", "maybe"),
        ("mailbox.main", "port", 0),
        ("service", "timezone", "Asia/Nowhere"),
        ("smtp", "sender", "nobody"),
        ("limits", "unpack_depth", -1),
        ("database", "url", "postgresql+psycopg://db/intake"),
        ("originals", "url", "s3://bucket/prefix"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(
    house: Installation, section: str, key: str, value: object
) -> None:
    house.configure(**{section.replace(".", "__"): {key: value}})
    told(house.intake("once"), 2, f"{section}.{key}")


def test_a_password_in_the_file_is_refused_and_not_repeated(house: Installation) -> None:
    house.configure(mailbox__main={"password": "do-not-print-me"})
    refused = house.intake("once")
    told(refused, 2, "mailbox.main.password")
    assert "do-not-print-me" not in refused.err


def test_plain_text_towards_another_machine_is_refused(house: Installation) -> None:
    house.configure(mailbox__main={"host": "mail.example.org"})
    told(house.intake("once"), 2, "mailbox.main", "loopback")


def test_a_password_variable_that_is_not_set_is_named(house: Installation) -> None:
    del house.sections["mailbox.main"]["password_file"]
    house.configure(mailbox__main={"password_env": "INTAKE_TEST_PASSWORD"})
    told(house.intake("once"), 1, "INTAKE_TEST_PASSWORD", "not set")
    done = house.intake("once", environment={"INTAKE_TEST_PASSWORD": "open-sesame"})
    assert done.code == 0, done


def test_the_environment_overrides_the_file(house: Installation, catcher: MailCatcher) -> None:
    house.deliver(dossier(0))
    port = {"INTAKE_SMTP__PORT": str(catcher.port)}
    house.configure(smtp={"port": closed_port()})
    assert house.intake("once", environment=port).code == 0
    told(house.intake("once", environment={"INTAKE_SMTP__PROT": "25"}), 2, "prot")
    told(house.intake("once", environment={"INTAKE_SMPT__PORT": "25"}), 2, "INTAKE_SMPT__PORT")


def test_a_configuration_that_is_not_there_or_no_toml_is_told_in_a_line(
    house: Installation,
) -> None:
    house.config.write_text("[service\n", encoding="utf-8")
    told(house.intake("once"), 2, str(house.config), "TOML")
    house.config.unlink()
    told(house.intake("once"), 2, str(house.config))


def test_a_missing_call_is_told_in_a_line_and_the_mail_is_processed_once_it_is_mended(
    house: Installation,
) -> None:
    house.deliver(dossier(0))
    house.configure(service={"default_call": "open-topics-2031"})
    told(house.intake("once"), 2, "service.default_call", "open-topics-2031", "guangdong-alliance")
    house.configure(service={"default_call": "guangdong-alliance-2016"})
    assert house.once()["mails"] == {"filed": 1}


def test_a_faulty_call_file_is_told_in_a_line_with_file_and_key(house: Installation) -> None:
    calls = house.folder / "calls"
    calls.mkdir()
    (calls / "mine.toml").write_text('id = "mine"\nversion = 1\ncolour = "red"\n', "utf-8")
    house.configure(service={"calls_dir": "calls"})
    told(house.intake("once"), 2, "mine.toml")
    house.configure(service={"calls_dir": "nowhere"})
    told(house.intake("once"), 2, "nowhere")


def test_a_data_folder_that_cannot_be_made_is_told_in_a_line(house: Installation) -> None:
    (house.folder / "file").write_text("", encoding="utf-8")
    house.configure(service={"data_dir": "file/var"})
    told(house.intake("once"), 2, "service.data_dir")


# ── spreadsheets ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.xlsx", b"PK\x03\x04 this is no workbook"),
        ("empty.xlsx", b""),
        ("other.pdf", b"%PDF-1.4"),
        ("heading.csv", "姓名,年龄\n甲,3\n".encode()),
        ("binary.csv", bytes(range(128, 256)) * 9),
    ],
)
def test_an_unreadable_spreadsheet_is_told_in_a_line_and_changes_nothing(
    house: Installation, name: str, content: bytes
) -> None:
    house.import_paper(paper(0))
    before = house.rows()
    path = house.folder / name
    path.write_bytes(content)
    told(house.intake("paper", "import", path), 2, name)
    assert house.rows() == before


def test_a_folder_in_place_of_a_spreadsheet_is_told_in_a_line(house: Installation) -> None:
    told(house.intake("paper", "import", house.folder), 2, str(house.folder))


def test_a_workbook_that_cannot_be_written_is_told_in_a_line(house: Installation) -> None:
    target = house.folder / "nowhere" / "register.xlsx"
    told(house.intake("export", target), 2, str(target))
    told(house.intake("paper", "export", target), 2, str(target))


# ── doctor ───────────────────────────────────────────────────────────────────────────────


def parts(done: Ended) -> dict[str, bool]:
    return {each["part"]: each["ok"] for each in done.records}


def test_the_doctor_finds_a_sound_installation_sound(house: Installation) -> None:
    done = house.intake("doctor", "--json")
    assert done.code == 0, done
    assert all(parts(done).values())
    assert {"configuration", "database", "data folder", "mail server", "mailbox main"} <= parts(
        done
    ).keys()
    assert house.intake("doctor").code == 0
    assert all(line.startswith("ok") for line in house.do("doctor").splitlines())


def test_the_doctor_names_each_broken_part_and_what_to_do(
    house: Installation, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong", encoding="utf-8")
    house.configure(
        center={"phone": ""},
        smtp={"port": closed_port()},
        mailbox__main={"password_file": wrong},
        mailbox__branch={**house.sections["mailbox.main"], "port": closed_port()},
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        house.configure(desk={"port": taken.getsockname()[1]})
        done, again = house.intake("doctor", "--json"), house.intake("doctor")
    assert done.code == 1
    broken = {each["part"]: each["says"] for each in done.records if not each["ok"]}
    assert broken.keys() == {"center", "desk", "mail server", "mailbox main", "mailbox branch"}
    assert "desk.port" in broken["desk"]
    assert "phone" in broken["center"]
    assert "smtp.host" in broken["mail server"]
    assert "password" in broken["mailbox main"]
    assert "check host" in broken["mailbox branch"]
    lines = again.out.splitlines()
    assert len([line for line in lines if line.startswith("FIX")]) == 5


def test_the_doctor_tells_of_a_missing_call_and_an_unsupported_database(
    house: Installation,
) -> None:
    house.configure(service={"default_call": "none"}, database={"url": "postgresql://db/x"})
    done = house.intake("doctor", "--json")
    assert done.code == 1
    assert (parts(done)["configuration"], parts(done)["calls"]) == (False, False)


def test_the_doctor_works_beside_the_running_daemon(house: Installation) -> None:
    with house.serve():
        assert house.intake("doctor").code == 0


# ── odd mail ─────────────────────────────────────────────────────────────────────────────


def test_a_mail_over_the_limit_waits_for_a_person_and_the_pass_still_ends_well(
    house: Installation, catcher: MailCatcher
) -> None:
    house.configure(limits={"message_bytes": 50_000})
    house.deliver(dossier(0))
    house.deliver(mail(1, subject="咨询", text="请问联盟如何申报？"))
    house.once()
    large, small = house.mails()
    assert (large["fate"], large["sha256"]) == ("quarantined", None)
    assert large["subject"] == f"{alliance(0).name}申报材料（电子版）"
    assert small["fate"] == "unrelated"
    assert len(catcher.caught) == 1


def test_whatever_lies_in_the_mailbox_gets_a_fate(house: Installation) -> None:
    odd = (
        b"\r\n",
        b"\0\0\0\0",
        b"From: \r\nSubject: \xff\xfe\r\n\r\n\xff",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n--x",
        "Subject: 联盟申报\r\n\r\n附件见网盘".encode(),
    )
    for raw in (*odd, dossier(0, WITHOUT_AGREEMENT)):
        house.deliver(raw)
    house.once()
    assert "pending" not in house.fates()
    assert house.fates()[-1] == "filed"
    assert len(house.look("reconcile")) == 1
