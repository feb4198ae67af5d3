"""What the sandbox and its children say to each other: one line of JSON each way.

A child has read untrusted bytes and may have been taken over: its answers are limited in
size and validated into values, and the files it names must lie where it was told to work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from parsers.submission import Content, File, Problem, Submission

MAX_ANSWER_BYTES = 32 << 20

Task = Literal["message", "files", "content", "scan"]


@dataclass(frozen=True, kw_only=True)
class Shut:
    """An archive or attached mail that stays closed, by its checksum, and why."""

    sha256: str
    problem: Problem
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One job for a child.

    `paths` holds the files to read with the names to show; `work` is the folder for files
    taken out (`message`, `files`), where what is `shut` stays closed; `media_type` is what
    `content` has to read, and `scan` with the text of so many `pages` that are pictures;
    `passwords` may fit what is locked.
    """

    task: Task
    paths: tuple[tuple[Path, str], ...]
    work: Path | None = None
    media_type: str = ""
    shut: tuple[Shut, ...] = ()
    pages: int = 0
    passwords: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A child's answer: the value asked for, or why there is none.

    `problem` concerns the input; `failure` does not: the system is in trouble (disk full).
    Before it come answers that only tell what it is `opening`: an archive or an attached mail,
    by its checksum, empty for none; the one to blame for what happens next.
    """

    submission: Submission | None = None
    files: tuple[File, ...] | None = None
    content: Content | None = None
    problem: Problem | None = None
    detail: str = ""
    failure: str = ""
    opening: str | None = None


@dataclass(frozen=True, kw_only=True)
class Hello:
    """A child's first line: it is ready; `isolated`: it is cut off from all networks."""

    isolated: bool


REQUEST = TypeAdapter(Request)
ANSWER = TypeAdapter(Answer)
HELLO = TypeAdapter(Hello)


def lies_in(folder: Path, files: tuple[File, ...]) -> bool:
    """Tell whether each file that has bytes is a plain file right in the folder."""
    sources = [file.source for file in files if file.source is not None]
    return all(
        source.parent == folder and source.is_file() and not source.is_symlink()
        for source in sources
    )
