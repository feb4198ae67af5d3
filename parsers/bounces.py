"""What a bounce 退信 tells of the mail that came back: its Message-ID, its recipient, its words.

Only some bounces are reports after RFC 3464. Those of the Chinese providers often are a
sentence with the recipient in it, or a page of HTML, and return nothing of the mail itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from parsers.charsets import decode_header
from parsers.lines import squeeze
from parsers.submission import Submission

# Bounded, so that a text made to be slow is not.
_MESSAGE_ID_LINE = re.compile(
    r"^[> \t]{0,40}(?:x-|original-|resent-){0,3}message-id:\s{0,9}(<[^<>\s]{1,900}>)",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9!#$%&'*+/=?^_`{|}~.-])[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
    r"@[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,8}"
)
_MOST_ADDRESSES = 100
_MOST_IDS = 100
_LONGEST_TEXT = 100_000


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """What came back: the Message-IDs (with angle brackets) it may be of, the addresses named.

    `words` is all that the bounce says, without white space: a returned mail's subject may
    stand anywhere in it.
    """

    message_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    words: str = ""


def bounce_of(submission: Submission) -> Bounce:
    """Read what a bounce is about. Whether that is a letter of ours is for the caller to see."""
    text = f"{submission.text}\n{submission.quoted}"[:_LONGEST_TEXT]
    said = _ADDRESS.findall(text)[:_MOST_ADDRESSES]
    named = (*_ADDRESS.findall(submission.header("x-failed-recipients")), *said)
    return Bounce(
        message_ids=_message_ids(submission, text),
        recipients=tuple(dict.fromkeys(each.lower() for each in named)),
        words=squeeze(f"{submission.subject}\n{decode_header(text)}"),
    )


def _message_ids(submission: Submission, text: str) -> tuple[str, ...]:
    """Return those in its own threading headers, and in the headers of the returned mail."""
    headers = " ".join(
        submission.header(name) for name in ("original-message-id", "x-original-message-id")
    )
    thread = (submission.in_reply_to, *submission.references)
    found = (
        *_MESSAGE_ID_LINE.findall(text),
        *_MESSAGE_ID.findall(headers),
        *(each for each in thread if each),
    )
    ids = dict.fromkeys(each for each in found if each != submission.message_id)
    return tuple(ids)[:_MOST_IDS]
