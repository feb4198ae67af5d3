"""A call for submissions 申报通知: one notice, one batch, as data.

Everything that differs from one call to the next stands in its TOML file: the documents
and their titles, the words that prove a clause, thresholds, the number format, and the
paragraph of the notice that each demand rests on. A second call needs no code.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date, datetime, time, tzinfo
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

Outcome = Literal["missing", "doubtful", "note"]
Rule = Literal[
    "document",
    "field",
    "area",
    "clause",
    "rivals",
    "signatures",
    "members-listed",
    "member-kind",
    "members-consistent",
    "name-pattern",
    "name-consistent",
    "placeholder",
    "readable",
    "link",
    "paper-record",
    "paper-copies",
    "paper-seals",
    "paper-recommendation",
]
MOST_PARTS = 20
"""More parts than anybody sends; beyond it, 5/31 is a date."""
_PART = re.compile(r"(?<![\d/／])(\d{1,2})\s*[/／]\s*(\d{1,2})(?![\d/／])")
Words = tuple[Annotated[str, Field(min_length=1)], ...]
PAPER_FIELDS = (
    "register_no",
    "received_on",
    "name",
    "secretariat",
    "recommender",
    "copies",
    "sealed",
    "recommended",
    "contact",
    "mobile",
    "email",
    "remark",
)
"""What a line of the paper register may say."""


class CallError(Exception):
    """A call file that cannot be used; the message names file and key."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Number(_Part):
    """The registry number 登记编号: `format` is filled with `year` and `serial` (from 1)."""

    format: str

    @field_validator("format")
    @classmethod
    def _gives_distinct_numbers(cls, value: str) -> str:
        try:
            distinct = value.format(year=2016, serial=1) != value.format(year=2016, serial=2)
        except (KeyError, IndexError, ValueError) as error:
            message = f"cannot be filled with year and serial ({error})"
            raise ValueError(message) from error
        if not distinct:
            message = "must contain {serial}"
            raise ValueError(message)
        return value

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds a registry number in running text, not inside a longer word."""
        marked = self.format.format(year=7777, serial=8888)
        literal = re.escape(marked).replace("7777", r"(?P<year>\d{4})", 1).replace("7777", r"\d{4}")
        body = re.sub(r"0*8888", r"(?P<serial>\\d{1,9})", literal, count=1)
        return re.compile(rf"(?<![0-9A-Za-z]){body}(?![0-9A-Za-z])", re.IGNORECASE)

    def standard(self, found: re.Match[str]) -> str:
        """Return a number that `pattern` found as it is written in the registry."""
        groups = found.groupdict()
        return self.format.format(year=int(groups.get("year") or 0), serial=int(groups["serial"]))


class Name(_Part):
    """The name 名称 that a dossier goes by, and how it is told apart from others.

    `label` is what letters call it, `subject` the thing that bears it (联盟). A name is
    one of `prefixes` (or none), a core, and one of `suffixes`. `noise` are words that
    stand around a name in file names and titles; `leads` words that lead up to a name in
    running text and are no part of it; `blanks` mark a pattern that was to be filled in.
    `words` make a mail look like a submission to this call. `regions` begin like a prefix,
    but belong to the core (粤东); `slips` are slips of the pen in suffixes (枝术) with what
    is meant.
    """

    label: str
    subject: str
    pattern: str
    prefixes: Words = ()
    regions: Words = ()
    suffixes: Words
    noise: Words = ()
    leads: Words = ()
    blanks: Words = ()
    words: Words = ()
    slips: dict[str, str] = Field(default_factory=dict)
    notes: dict[str, str] = Field(default_factory=dict)

    @field_validator("slips")
    @classmethod
    def _keep_length(cls, value: dict[str, str]) -> dict[str, str]:
        for slip, meant in value.items():
            if len(slip) != len(meant):
                message = f"{slip} and {meant} must be of one length"
                raise ValueError(message)
        return value

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            message = f"is no regular expression ({error})"
            raise ValueError(message) from error
        return value


class MailPart(_Part):
    """One of several mails that make up a whole: which (from 1), and the subject's other words."""

    number: int
    whole: int
    words: str

    @property
    def is_last(self) -> bool:
        """Whether no part follows by its number."""
        return self.number == self.whole


class MailWords(_Part):
    """What writers say in a mail: that more follows, or that they want to withdraw.

    `attached`: that files come with it; `questions`: that they ask something. In `withdrawal`
    and `attached`, `*` stands for a few characters.
    """

    more_follows: Words = ()
    withdrawal: Words = ()
    attached: Words = ()
    questions: Words = ()

    def part_of(self, subject: str) -> MailPart | None:
        """Return the part of several (1/3) that a mail is by its subject, or None."""
        for found in _PART.finditer(subject):
            number, whole = int(found[1]), int(found[2])
            if 0 < number <= whole <= MOST_PARTS and whole > 1:
                rest = subject[: found.start()] + subject[found.end() :]
                return MailPart(number=number, whole=whole, words=re.sub(r"[\W_]+", "", rest))
        return None


class DocumentKind(_Part):
    """One document 材料 that the notice asks for.

    `titles` are the words of its title line, `filenames` words in file names, `structure`
    words of which at least `structure_least` mark it when it has no title line. `familiar`
    words head its parts that no check asks for.
    """

    id: str
    title: str
    cite: str = ""
    titles: Words
    filenames: Words = ()
    structure: Words = ()
    structure_least: int = 3
    familiar: Words = ()


class FieldLabel(_Part):
    """A field 栏目 of a form: the labels it goes by. `documents` names where it is looked for.

    In a label `*` stands for any few words: `*联系人` is 联系人, 日常联系人, 项目联系人. Where a
    label ends in it, only a value that the field may hold (`holds`) is taken to be meant.
    """

    id: str
    title: str
    labels: Words
    documents: Words = ()
    holds: Literal["", "name", "organisation", "authority", "person", "phone", "email"] = ""


class MemberKind(_Part):
    """A kind of member 成员类别, told by the words in its column or in the member's name.

    The last kind of a call is the catch-all: a member's name overrules it.
    """

    id: str
    title: str
    words: Words
    name_words: Words = ()


class Members(_Part):
    """How member lists are written: headings of the name, kind and code columns.

    `list_headings` stand somewhere in the caption of a list of all members, and so do one of
    `list_subjects` with one of `list_words` behind it; `list_titles` are such captions whole. A
    caption with one of `list_unless` is about something else or about some members only. A
    table with one of `person_labels` lists people instead. `party_labels` stand before the
    parties of an agreement, `signature_labels` before those in its signature block, which
    `signature_marks` betray.
    `part_words` name parts of an organisation (colleges, laboratories), `organs` bodies of the
    alliance itself, and `independent`
    bodies whose names read like such a part, but which are legal persons. `short_names` are
    the usual short names of organisations with the full ones.
    """

    title: str
    name_labels: Words
    kind_labels: Words = ()
    code_labels: Words = ()
    list_headings: Words = ()
    list_titles: Words = ()
    list_subjects: Words = ()
    list_words: Words = ()
    list_unless: Words = ()
    person_labels: Words = ()
    party_labels: Words = ()
    signature_labels: Words = ()
    signature_marks: Words = ()
    part_words: Words = ()
    organs: Words = ()
    independent: Words = ()
    short_names: dict[str, str] = Field(default_factory=dict)
    kinds: tuple[MemberKind, ...] = ()


class Area(_Part):
    """A recommending authority 推荐单位: the place or department it stands for, and its names.

    `within` names the wider place from which it is kept apart (顺德 within 佛山).
    """

    place: str
    names: Words
    within: str = ""
    provincial: bool = False


class Check(_Part):
    """One point that is checked 核对项; its id is a finding id.

    `absent` is the outcome when what is asked for is not there. `label` is its short
    name, `problem` and `remedy` the letter's words, `cite` the paragraph of the notice it
    rests on, `mend` where it is mended. A clause that is asked of the dossier as a whole may
    be proven `anywhere`, not in `document` only. A field that is not there is told by one of
    `fields_too`, too. What the other keys mean depends on the
    `rule`, a predicate of `registry/completeness.py`.

    A clause is proven by a heading with one of `headings`, or with a word of each group of one
    of its `topics`; by one sentence that makes one of its `statements` (it holds a word of each
    group, in any order); or by `least` sentences with one of `words` (from two on, one of them
    must lay down an obligation). Fewer such sentences, or `weak` words alone, leave it doubtful.
    In all these words `*` stands for a few characters, `#` for a number. `slogans` are set
    phrases that contain a word but settle nothing, and count only as the heading of an
    article; `decoys` contain a word but mean another thing, and never count, nor does any
    sentence with a word of `unless`: it speaks of another clause. What is asked of the members
    together (`collective`) is not proven by a sentence about one of them. Of `rivals`, clauses
    that exclude each other, one is told by `words`, one by `rivals`.
    """

    id: str
    rule: Rule
    label: str
    absent: Outcome
    document: str = ""
    field: str = ""
    fields_too: Words = ()
    kind: str = ""
    least: int = 1
    headings: Words = ()
    topics: tuple[tuple[Words, ...], ...] = ()
    words: Words = ()
    weak: Words = ()
    statements: tuple[tuple[Words, ...], ...] = ()
    slogans: Words = ()
    decoys: Words = ()
    unless: Words = ()
    rivals: Words = ()
    problem: str = ""
    remedy: str = ""
    cite: str = ""
    mend: Literal["electronic", "paper", "both"] = "electronic"
    anywhere: bool = False
    collective: bool = False

    @model_validator(mode="after")
    def _cited(self) -> Self:
        if self.absent == "missing" and not (self.cite and self.problem and self.remedy):
            message = "a check that may be 'missing' needs cite, problem and remedy"
            raise ValueError(message)
        return self


class Placeholders(_Part):
    """Text that was meant to be replaced: `words` as they stand, `patterns` as expressions.

    A line or label with one of `excused` (signature, seal, date, opinion) is left alone.
    """

    words: Words = ()
    patterns: Words = ()
    excused: Words = ()

    @field_validator("patterns")
    @classmethod
    def _compile(cls, value: Words) -> Words:
        for each in value:
            try:
                re.compile(each)
            except re.error as error:
                message = f"{each!r} is no regular expression ({error})"
                raise ValueError(message) from error
        return value


class Paper(_Part):
    """What is asked of the paper copies 纸质材料; `columns` maps fields to column headings.

    `keeps` are the fields that the center's register has a column for: where a sheet lacks one,
    a person is asked, as for a blank cell. Of what it never keeps nothing is asked.
    """

    copies: int
    keeps: tuple[Literal["copies", "sealed", "recommended"], ...] = ()
    columns: dict[str, Words]

    @field_validator("columns")
    @classmethod
    def _fields_of_the_register(cls, value: dict[str, Words]) -> dict[str, Words]:
        unknown = sorted(value.keys() - set(PAPER_FIELDS))
        if unknown or not all(value.values()) or "name" not in value:
            message = "must give headings for 'name' and any of " + ", ".join(PAPER_FIELDS)
            raise ValueError(f"{message}; not {', '.join(unknown)}" if unknown else message)
        return value


class Call(_Part):
    """A call for submissions, whole. `text` is the file it was read from, letter by letter.

    `title_fillers` may stand between a name and a title (联合组建协议). `other_titles` end the
    title line of files that are no document asked for (cover letters, lists, licences);
    `manifest_titles` name the list of all dossiers of a batch.
    `other_labels` stand in forms beside the fields and are no values; `label_tails` may hang
    on behind any label (联系人姓名).
    """

    id: str
    version: int
    title: str
    notice: str
    year: int
    authority: str = ""
    closing: datetime | date | None = None
    first_answer_working_days: int = 5
    number: Number
    name: Name
    mail: MailWords = MailWords()
    documents: tuple[DocumentKind, ...]
    other_titles: Words = ()
    title_fillers: Words = ()
    manifest_titles: Words = ()
    fields: tuple[FieldLabel, ...]
    other_labels: Words = ()
    label_tails: Words = ()
    members: Members
    obligations: Words = ()
    areas: tuple[Area, ...] = ()
    placeholders: Placeholders = Placeholders()
    paper: Paper
    checks: tuple[Check, ...]
    text: str = Field(default="", exclude=True, repr=False)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        documents = _distinct("documents", [each.id for each in self.documents])
        fields = _distinct("fields", [each.id for each in self.fields])
        kinds = _distinct("members.kinds", [each.id for each in self.members.kinds])
        _distinct("checks", [each.id for each in self.checks])
        for check in self.checks:
            _known(f"checks.{check.id}.document", check.document, documents)
            _known(f"checks.{check.id}.field", check.field, fields)
            _known(f"checks.{check.id}.kind", check.kind, kinds)
        for each in self.fields:
            for document in each.documents:
                _known(f"fields.{each.id}.documents", document, documents)
        return self

    def has_fields(self, kind: str) -> bool:
        """Whether a kind of document is a form: fields are asked of it by name."""
        return any(kind in each.documents for each in self.fields)

    def document(self, kind: str) -> DocumentKind | None:
        """Return the document kind with that id, or None (`other`)."""
        return next((each for each in self.documents if each.id == kind), None)

    def check(self, finding: str) -> Check | None:
        """Return the check with that finding id, or None."""
        return next((each for each in self.checks if each.id == finding), None)

    def is_late(self, received_at: datetime, zone: tzinfo | None) -> bool:
        """Whether a mail came after the closing moment, or after the closing day."""
        closing = self.closing_moment(zone)
        return closing is not None and received_at > closing

    def closing_moment(self, zone: tzinfo | None) -> datetime | None:
        """Return the last moment in time for the call; of a closing day, its end."""
        if self.closing is None:
            return None
        if isinstance(self.closing, datetime):
            closing = self.closing
            return closing if closing.tzinfo else closing.replace(tzinfo=zone)
        return datetime.combine(self.closing, time.max, zone)

    def title_of(self, kind: str) -> str:
        """Return what letters call a document of that kind."""
        document = self.document(kind)
        return document.title if document else "其他文件"


def _distinct(where: str, ids: list[str]) -> set[str]:
    twice = {each for each in ids if ids.count(each) > 1}
    if twice:
        message = f"{where}: {', '.join(sorted(twice))} stands there twice"
        raise ValueError(message)
    return set(ids)


def _known(where: str, value: str, known: set[str]) -> None:
    if value and value not in known:
        message = f"{where}: {value!r} is not one of {', '.join(sorted(known))}"
        raise ValueError(message)


def _place_of(location: tuple[int | str, ...], tables: dict[str, Any]) -> str:
    """Return where a key stands; one of a list by its id, else by its number."""
    parts: list[str] = []
    inside: Any = tables
    for each in location:
        try:
            inside = inside[each]
        except (KeyError, IndexError, TypeError):
            inside = None
        if isinstance(each, str):
            parts.append(each)
        else:
            named = isinstance(inside, dict) and isinstance(inside.get("id"), str)
            parts.append(inside["id"] if named else f"no. {each + 1}")
    return ".".join(parts)


@cache
def parse_call(text: str, origin: str) -> Call:
    """Read a call from the text of its file; the same text is read once.

    Raises CallError, naming `origin` and the key, when it cannot be used.
    """
    try:
        tables = tomllib.loads(text)
        call = Call.model_validate(tables | {"text": text})
    except tomllib.TOMLDecodeError as error:
        message = f"{origin}: not a TOML file: {error}"
        raise CallError(message) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = _place_of(first["loc"], tables)
        message = f"{origin}: {key or 'call'}: {first['msg'].removeprefix('Value error, ')}"
        raise CallError(message) from error
    return call


def load_calls(extra: Path | None = None) -> dict[str, Call]:
    """Return the shipped calls and those of the folder `extra`, by id; `extra` wins.

    Raises CallError for a file that cannot be used and for a folder that is not there.
    """
    shipped = resources.files("config") / "calls"
    sources = [each for each in shipped.iterdir() if each.name.endswith(".toml")]
    texts = [(each.name, each.read_text(encoding="utf-8")) for each in sources]
    if extra is not None:
        if not extra.is_dir():
            message = f"{extra}: no such folder (service.calls_dir)"
            raise CallError(message)
        try:
            texts += [(str(each), each.read_text("utf-8")) for each in sorted(extra.glob("*.toml"))]
        except (OSError, UnicodeDecodeError) as error:
            message = f"{extra}: {error}"
            raise CallError(message) from error
    calls = {call.id: call for call in (parse_call(text, origin) for origin, text in texts)}
    numbers = Counter(
        call.number.format.format(year=call.year, serial=1) for call in calls.values()
    )
    shared = [each for each, count in numbers.items() if count > 1]
    if shared:
        message = f"two calls give the same numbers ({shared[0]} …); change number.format of one"
        raise CallError(message)
    return calls
