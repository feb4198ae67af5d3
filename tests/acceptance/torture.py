"""`make torture`: 1,000 random kills over a run of 300 mails, and what must hold after any kill.

`python -m tests.acceptance.torture [SEED]` prints the seed that it drew. The same seed draws the
same kills; which act of a daemon comes when is up to its threads.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ingest.samples.documents import SampleFile
from ingest.samples.mails import auto_reply, make_zip, zip_file
from parsers.submission import Address
from registry.originals import Originals, checksum
from tests.acceptance.applicants import AT, documents, mail, only
from tests.acceptance.installation import Installation, Record, opened
from tests.acceptance.killing import AFTER, BEFORE, HALF_WAY, Kill, Killing, shared_killing
from tests.servers import Dovecot, MailCatcher

KILLS, MAILS = 1000, 300
STARTING, MAIL_TAKES = 11, 25
"""How many acts a process takes to start, and a mail from the mailbox to its letter."""

TIMES = {"received_at", "updated_at", "queued_at", "sent_at"}
SET_ASIDE = "程序在处理中停止"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a run with kills came to.

    `set_aside` mails were being opened at three kills, and then filed again by a person.
    `handed_over_again` letters were taken twice by the mail server, each with one Message-ID.
    """

    kills: int
    mails: int
    dossiers: int
    letters: int
    set_aside: int
    handed_over_again: int


State = dict[str, list[Record]]


# ── the mails ────────────────────────────────────────────────────────────────────────────


def story(number: int) -> tuple[bytes, ...]:
    """Small mails of which none depends on another, so that their order of answering is free."""
    return tuple(_mail(each) for each in range(number))


def _mail(number: int) -> bytes:
    match number % 10:
        case 3:
            text = "请问联盟如何申报？"
            return mail(number, sender=_applicant(number), subject="咨询", text=text)
        case 5:
            return auto_reply(sender=_applicant(number), about=f"回执{number}", at=AT)
        case 7:
            two = make_zip({"1": _form(number), "2": _form(number + MAILS)})
            files = [zip_file("推荐.zip", two)]
            return mail(number, files, sender=_applicant(number), subject="推荐", text="见附")
        case _:
            return form_mail(number)


def form_mail(number: int) -> bytes:
    """A mail with one document, which makes a dossier that lacks the others."""
    return mail(number, _form(number), sender=_applicant(number))


def _form(number: int) -> tuple[SampleFile, ...]:
    return only(documents(number, form="txt"), "申报表")


def _applicant(number: int) -> Address:
    return Address(address=f"office@applicant{number}.example.net", name="联盟筹备办公室")


# ── what must hold ───────────────────────────────────────────────────────────────────────


def end_state(house: Installation) -> State:
    """How all ended, but for times, order of letters, and ids given to them."""
    letters = {each["id"]: each for each in house.letters()}
    mails = house.mails()
    for each in mails:
        each["letters"] = [letters[letter]["kind"] for letter in each["letters"]]
    ours = {each["message_id"]: each["kind"] for each in letters.values()}
    for each in letters.values():
        each["in_reply_to"] = ours.get(each["in_reply_to"], each["in_reply_to"])
    left_out = TIMES | {"message_id", "attempts", "id"}
    told = [_without(each, left_out) for each in letters.values()]
    return {
        "dossiers": [_without(each, TIMES) for each in house.queue()],
        "mails": [_without(each, TIMES) for each in mails],
        "letters": sorted(told, key=str),
    }


def _without(record: Record, keys: set[str]) -> Record:
    return {key: value for key, value in record.items() if key not in keys}


def assert_each_letter_went_once(house: Installation, catcher: MailCatcher) -> int:
    """Each letter was handed over, and again only where that was in doubt; return how often.

    It is the same to the byte each time, and no other letter was ever sent.
    """
    stored = {each["message_id"]: each for each in house.letters()}
    assert {each["state"] for each in stored.values()} == {"sent"}
    with house.registry() as connection:
        in_doubt = dict(connection.execute("SELECT message_id, in_doubt FROM letter"))
    arrived = Counter(str(opened(each)["Message-ID"]) for each in catcher.caught)
    assert arrived.keys() == stored.keys()
    assert len({each.content for each in catcher.caught}) == len(arrived)
    for message_id, times in arrived.items():
        assert times - 1 <= in_doubt[message_id] < stored[message_id]["attempts"]
    return arrived.total() - len(arrived)


def assert_nothing_is_lost(house: Installation) -> None:
    """Every mail on the server is known, and every original is as it was kept."""
    assert [each["missing_uids"] for each in house.look("reconcile")] == [[]]
    with house.registry() as connection:
        mails, documents = "SELECT sha256 FROM mail", "SELECT sha256 FROM document"
        kept = [row[0] for row in connection.execute(f"{mails} UNION {documents}")]
    assert kept
    originals = Originals(house.data / "originals")
    assert all(checksum(originals.path(each)) == each for each in kept)


# ── the run ──────────────────────────────────────────────────────────────────────────────


def torture(
    killing: Killing, folder: Path, dovecot: Dovecot, *, seed: int, kills: int, mails: int
) -> Tally:
    """Run so many mails through so many kills; AssertionError where one left a trace."""
    with MailCatcher() as catcher:
        house = installation(folder / "killed", dovecot, catcher)
        torment(killing, house, seed=seed, kills=kills, mails=story(mails))
        set_aside = recover(killing, house)
        again = assert_each_letter_went_once(house, catcher)
    assert_nothing_is_lost(house)
    assert "Traceback" not in killing.log(house.config)
    found = end_state(house)
    wanted = undisturbed(killing, folder / "undisturbed", dovecot, story(mails))
    assert numbers(found) == numbers(wanted)
    assert by_name(found) == by_name(wanted)
    assert set_aside or found == wanted
    return Tally(
        kills=kills,
        mails=len(found["mails"]),
        dossiers=len(found["dossiers"]),
        letters=len(found["letters"]),
        set_aside=set_aside,
        handed_over_again=again,
    )


def installation(folder: Path, dovecot: Dovecot, catcher: MailCatcher) -> Installation:
    """Make an installation in a folder of its own."""
    folder.mkdir()
    return Installation(folder, dovecot, catcher)


def undisturbed(killing: Killing, folder: Path, dovecot: Dovecot, mails: Sequence[bytes]) -> State:
    """Return how all ends without a kill."""
    with MailCatcher() as catcher:
        house = installation(folder, dovecot, catcher)
        for each in mails:
            house.deliver(each)
        assert killing.run(house.config, "once").code == 0
        assert assert_each_letter_went_once(house, catcher) == 0
    return end_state(house)


def torment(
    killing: Killing, house: Installation, *, seed: int, kills: int, mails: Sequence[bytes]
) -> None:
    """Let mails arrive, and kill the service over and over while it works.

    Every process is killed at an act drawn at random, if it comes so far: the daemon, whose
    stages run side by side, when mail has come, else a pass over what was left.
    """
    random, done, delivered = Random(seed), 0, 0  # noqa: S311 - moments, not secrets
    while done < kills:
        due = len(mails) * (done + 1) // kills + random.randint(0, 3)
        come = mails[delivered:due]
        for each in come:
            house.deliver(each)
        delivered += len(come)
        farthest = STARTING + MAIL_TAKES * max(1, len(come))
        kill = Kill(at=random.randrange(farthest), when=random.choice((BEFORE, HALF_WAY, AFTER)))
        arguments = ("serve", "--no-desk") if come else ("once",)
        run = killing.run(house.config, *arguments, kill=kill, idles=bool(come))
        assert run.killed or run.code == 0, run
        done += run.killed


def recover(killing: Killing, house: Installation) -> int:
    """Let the service finish, and file by hand what it set aside; return how many mails."""
    assert killing.run(house.config, "once").code == 0
    left = [each for each in house.mails("--fate", "quarantined") if SET_ASIDE in each["reason"]]
    if left:
        assert killing.run(house.config, "retry", *(each["id"] for each in left)).code == 0
        assert killing.run(house.config, "once").code == 0
    return len(left)


def numbers(state: State) -> list[str]:
    """Return the numbers given to dossiers, which leave no gap."""
    return sorted(each["number"] for each in state["dossiers"])


def by_name(state: State) -> State:
    """Return how all ended, with names in place of numbers, which go by the order of filing."""
    text = json.dumps(state, ensure_ascii=False)
    for each in state["dossiers"]:
        text = text.replace(each["number"], each["name"])
    return {part: sorted(records, key=str) for part, records in json.loads(text).items()}


def main() -> None:
    """Run at full length."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbits(32)
    print(f"seed {seed}; `python -m tests.acceptance.torture {seed}` draws the same", flush=True)
    with Dovecot() as dovecot, tempfile.TemporaryDirectory() as folder:
        told = torture(shared_killing(), Path(folder), dovecot, seed=seed, kills=KILLS, mails=MAILS)
    print(
        f"{told.kills} kills over {told.mails} mails: {told.mails} fates, "
        f"{told.dossiers} dossiers, {told.letters} letters, none twice, none lost\n"
        f"{told.handed_over_again} letters were handed over again, each with the same "
        f"Message-ID, after a kill between hand-over and record\n"
        f"{told.set_aside} mails were being opened at three kills, were set aside, and filed by "
        f"`intake retry`"
    )


if __name__ == "__main__":
    main()
