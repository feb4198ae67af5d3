"""The settings of one installation, read once from `intake.toml` and the environment.

Every key has its default here and its explanation in `intake.example.toml`. Secrets never
stand in the file: a setting names the environment variable or the file that holds them.
"""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date, time, timedelta
from email.utils import parseaddr
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.limits import Limits

ENVIRONMENT_PREFIX = "INTAKE_"
CONFIG_VARIABLE = "INTAKE_CONFIG"
DEFAULT_FILE = Path("intake.toml")
Security = Literal["tls", "starttls", "none"]


class SettingsError(Exception):
    """A configuration that cannot be used; the message names the key and its file."""


def _duration(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+)\s*([smhd])\s*", value)
        if match is None:
            message = f"{value!r} is no length of time; write for instance 60s, 30m, 2h or 1d"
            raise ValueError(message)
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
        return timedelta(**{unit: int(match[1])})
    if isinstance(value, timedelta):
        return value
    message = "write a length of time in quotes, for instance 60s, 30m, 2h or 1d"
    raise ValueError(message)


def _day(value: object) -> object:
    return None if value == "" else value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{value!r} is no time zone; write for instance Asia/Shanghai"
        raise ValueError(message) from error
    return value


def _after(value: str) -> str:
    if value != "nothing" and not re.fullmatch(r"(keyword|move):\S.*", value):
        message = f"{value!r} is not one of nothing, keyword:NAME, move:FOLDER"
        raise ValueError(message)
    return value


def _host_name(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        message = f"{value!r} is no name of a host; write it as Authentication-Results does"
        raise ValueError(message)
    return value


def _sender(value: str) -> str:
    if "@" not in parseaddr(value)[1]:
        message = f"{value!r} is no address; write 'name <name@example.org>'"
        raise ValueError(message)
    return value


def _recipient(value: str) -> str:
    if parseaddr(value)[1] != value or "@" not in value:
        message = f"{value!r} is no address; write one as name@example.org"
        raise ValueError(message)
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Day = Annotated[date | None, BeforeValidator(_day)]
Port = Annotated[int, Field(ge=1, le=65535)]


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own loopback."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


SectionType = TypeVar("SectionType", bound=_Section)


class _Server(_Section):
    """A server that is signed in to; the password is named, never given."""

    host: str = "127.0.0.1"
    port: Port = 993
    security: Security = "tls"
    user: str = ""
    password_env: str = ""
    password_file: Path | None = None
    timeout: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=60)

    @model_validator(mode="after")
    def _plain_only_at_home(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            message = f"security = 'none' is allowed towards loopback only, not {self.host!r}"
            raise ValueError(message)
        return self

    def password(self) -> str:
        """Return the password, or an empty string when none is named.

        Raises SettingsError when the variable or file that should hold it is missing.
        """
        if self.password_env:
            value = os.environ.get(self.password_env)
            if value is None:
                message = f"the environment variable {self.password_env} (password_env) is not set"
                raise SettingsError(message)
            return value
        if self.password_file:
            try:
                return self.password_file.read_text(encoding="utf-8").strip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                message = f"{self.password_file} (password_file) cannot be read: {error}"
                raise SettingsError(message) from error
        return ""


class Service(_Section):
    """Where the service keeps its data and what calls it knows."""

    data_dir: Path = Path("var")
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Shanghai"
    calls_dir: str = ""
    default_call: str = "guangdong-alliance-2016"
    log_json: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days are counted and times are shown."""
        return ZoneInfo(self.timezone)


class Database(_Section):
    """The registry's database; empty means SQLite in the data folder."""

    url: str = ""


class Originals(_Section):
    """Where originals are kept; empty means a folder in the data folder."""

    url: str = ""


class Center(_Section):
    """The center 人才服务中心 that signs the letters."""

    name: str = "广东省科技人才服务中心"
    phone: str = ""
    address: str = ""
    email: str = ""


class Mailbox(_Server):
    """One mailbox 邮箱 that is read: over IMAP, or a Maildir on this machine."""

    kind: Literal["imap", "maildir"] = "imap"
    path: Path | None = None
    folders: tuple[str, ...] = ("INBOX",)
    spam_folders: tuple[str, ...] = ()
    answer_since: Day = None
    after: Annotated[str, AfterValidator(_after)] = "nothing"
    poll: Duration = timedelta(seconds=60)
    trusted_host: Annotated[str, AfterValidator(_host_name)] = ""

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if self.kind == "maildir" and self.path is None:
            message = "a maildir needs path = '…'"
            raise ValueError(message)
        if self.kind == "imap" and not self.user:
            message = "an imap mailbox needs user = '…'"
            raise ValueError(message)
        if self.poll < timedelta(seconds=1):
            message = "poll must be at least 1s"
            raise ValueError(message)
        return self


class Smtp(_Server):
    """The server that letters are handed to."""

    port: Port = 465
    sender: Annotated[str, AfterValidator(_sender)] = "广东省科技人才服务中心 <intake@example.org>"

    @property
    def address(self) -> str:
        """The service's own bare address, in lower case."""
        return parseaddr(self.sender)[1].lower()


class Receipts(_Section):
    """When letters are written, to whom, and how many."""

    mode: Literal["auto", "review", "off"] = "auto"
    quiet_period: Duration = timedelta(minutes=30)
    unrecognised: Literal["submissions", "all", "off"] = "submissions"
    never_answer: tuple[str, ...] = ()
    per_address_per_day: PositiveInt = 20
    per_hour: PositiveInt = 2000


class Notices(_Section):
    """What is written unasked: reminders before a call closes, a digest for staff."""

    reminder_working_days: NonNegativeInt = 5
    digest_to: tuple[Annotated[str, AfterValidator(_recipient)], ...] = ()
    digest_at: time = time(8, 30)


class Alarms(_Section):
    """Who is written to when the service cannot do its work, and from when on it is trouble.

    `mail_age` and `letter_age` are how long a mail may wait to be filed and a letter to be
    sent; `free_bytes` how much room should be left where the data lies. `smtp` is another
    server for these letters alone: only so can they tell that the first one takes none.
    """

    to: tuple[Annotated[str, AfterValidator(_recipient)], ...] = ()
    patience: Duration = timedelta(minutes=5)
    mail_age: Duration = timedelta(hours=1)
    letter_age: Duration = timedelta(hours=1)
    free_bytes: NonNegativeInt = 1_073_741_824
    smtp: Smtp | None = None


class Ocr(_Section):
    """Whether and how pages that are pictures are read; bytes and seconds for one file."""

    enabled: Literal["auto", "off"] = "auto"
    pages: PositiveInt = 100
    page_seconds: PositiveInt = 120
    memory: PositiveInt = 2_147_483_648
    patience: Duration = timedelta(minutes=30)

    @property
    def is_on(self) -> bool:
        """Whether pictures of pages are read: the `ocr` extra is there and not switched off."""
        parts = ("rapidocr", "onnxruntime")
        return self.enabled == "auto" and all(find_spec(each) is not None for each in parts)


class Desk(_Section):
    """Where the staff desk 工作台 listens, and the further names that it is asked for by."""

    host: str = "127.0.0.1"
    port: Port = 8025
    hosts: tuple[str, ...] = ()


class Settings(BaseSettings):
    """All settings of one installation."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    service: Service = Service()
    database: Database = Database()
    originals: Originals = Originals()
    center: Center = Center()
    mailbox: dict[str, Mailbox] = Field(default_factory=dict)
    smtp: Smtp = Smtp()
    receipts: Receipts = Receipts()
    notices: Notices = Notices()
    alarms: Alarms = Alarms()
    limits: Limits = Limits()
    ocr: Ocr = Ocr()
    desk: Desk = Desk()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def find_file(given: Path | None) -> Path | None:
    """Return the configuration file to use: the one given, `$INTAKE_CONFIG`, `./intake.toml`.

    None means built-in defaults. Raises SettingsError when a named file is not there.
    """
    named = given or (
        Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None
    )
    if named is None:
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    if not named.is_file():
        message = f"{named}: no such configuration file"
        raise SettingsError(message)
    return named


def load_settings(given: Path | None = None) -> Settings:
    """Read the settings. Relative paths in the file are taken from the file's folder.

    Raises SettingsError, naming file and key, for anything that cannot be used.
    """
    path = find_file(given)
    origin = str(path) if path else "built-in defaults and environment"
    values: dict[str, Any] = {}
    if path:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            message = f"{path}: cannot be read as TOML: {error}"
            raise SettingsError(message) from error
    _refuse_unknown_variables()
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_explain(error, origin)) from error
    except ValueError as error:
        message = f"{origin}: {error}"
        raise SettingsError(message) from error
    return _at(settings, path.resolve().parent if path else Path.cwd())


def _refuse_unknown_variables() -> None:
    """An override with a misspelt section would otherwise be passed over in silence."""
    for name in os.environ:
        section, marked, _ = name.removeprefix(ENVIRONMENT_PREFIX).partition("__")
        ours = name.startswith(ENVIRONMENT_PREFIX) and marked
        if ours and section.lower() not in Settings.model_fields:
            message = f"environment: {name}: no such section {section.lower()!r}"
            raise SettingsError(message)


def _explain(error: ValidationError, origin: str) -> str:
    lines = []
    for each in error.errors():
        key = ".".join(str(part) for part in each["loc"])
        unknown = each["type"] == "extra_forbidden"
        says = "no such key" if unknown else each["msg"].removeprefix("Value error, ")
        lines.append(f"{origin}: {key}: {says}")
    return "\n".join(lines)


def _at(settings: Settings, folder: Path) -> Settings:
    """Make relative paths absolute, from the folder of the configuration file."""
    service = settings.service
    places: dict[str, object] = {"data_dir": folder / service.data_dir}
    if service.calls_dir:
        places["calls_dir"] = str(folder / service.calls_dir)
    boxes = {name: _paths_at(box, folder) for name, box in settings.mailbox.items()}
    alarms = settings.alarms
    own_way = _paths_at(alarms.smtp, folder) if alarms.smtp else None
    return settings.model_copy(
        update={
            "service": service.model_copy(update=places),
            "mailbox": boxes,
            "smtp": _paths_at(settings.smtp, folder),
            "alarms": alarms.model_copy(update={"smtp": own_way}),
        }
    )


def _paths_at(section: SectionType, folder: Path) -> SectionType:
    paths = {key: folder / value for key, value in section if isinstance(value, Path)}
    return section.model_copy(update=paths)
