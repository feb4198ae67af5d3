"""The open house: settings, calls, registry, originals and clock, put together in one place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.call import Call, CallError, load_calls
from config.settings import Settings, SettingsError
from registry.database import Lock, Registry, open_registry
from registry.filing import keep_call
from registry.forms import refresh_forms
from registry.originals import Originals

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class House:
    """What every stage works with. `clock` gives now, in the service's time zone."""

    settings: Settings
    calls: Mapping[str, Call]
    registry: Registry
    originals: Originals
    clock: Callable[[], datetime]

    @property
    def work(self) -> Path:
        """The folder for work files, emptied of what a killed process left there."""
        return self.settings.service.data_dir / "work"

    @property
    def default_call(self) -> Call:
        """The call that mail belongs to unless it shows another."""
        return self.calls[self.settings.service.default_call]

    @property
    def own_addresses(self) -> frozenset[str]:
        """The addresses that the service itself writes from and reads at."""
        boxes = (box.user.lower() for box in self.settings.mailbox.values())
        ways = (self.settings.smtp, self.settings.alarms.smtp)
        senders = (way.address for way in ways if way)
        return frozenset({*senders, *(box for box in boxes if "@" in box)})


def known_calls(settings: Settings) -> dict[str, Call]:
    """Return the calls that an installation knows.

    Raises SettingsError when the default call is not among them, or a file is of no use.
    """
    folder = settings.service.calls_dir
    try:
        calls = load_calls(Path(folder) if folder else None)
    except CallError as error:
        raise SettingsError(str(error)) from error
    wanted = settings.service.default_call
    if wanted not in calls:
        known = ", ".join(sorted(calls))
        message = f"service.default_call: no call {wanted!r}; known are: {known}"
        raise SettingsError(message)
    return calls


def refuse_unsupported(settings: Settings) -> None:
    """Refuse by name what this version cannot do, instead of passing it over."""
    for key, url in (
        ("database.url", settings.database.url),
        ("originals.url", settings.originals.url),
    ):
        if url:
            scheme = url.partition(":")[0]
            message = f"{key}: {scheme!r} is not supported by this version; leave it empty"
            raise SettingsError(message)


@contextmanager
def open_house(settings: Settings, *, lock_for: str = "") -> Iterator[House]:
    """Open the house; with `lock_for`, as the one process that reads, judges and sends.

    Raises SettingsError, RegistryError, and BusyError when another process holds the lock.
    """
    refuse_unsupported(settings)
    calls = known_calls(settings)
    data_dir = settings.service.data_dir
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"service.data_dir: {data_dir} cannot be made: {error.strerror}"
        raise SettingsError(message) from error
    _keep_private(data_dir)
    zone = settings.service.zone
    with ExitStack() as stack:
        if lock_for:
            stack.enter_context(Lock(data_dir, lock_for))
        registry = open_registry(data_dir, holds_lock=bool(lock_for))
        stack.callback(registry.close)
        house = House(
            settings=settings,
            calls=calls,
            registry=registry,
            originals=Originals(data_dir / "originals"),
            clock=lambda: datetime.now(zone),
        )
        if lock_for:
            house.originals.clear_incoming()
            keep_calls(house)
            with house.registry.write() as connection:
                refresh_forms(connection, house.default_call, house.clock())
        yield house


def _keep_private(folder: Path) -> None:
    """Shut a data folder that others may look into, such as one made by hand."""
    if not folder.stat().st_mode & 0o077:
        return
    try:
        folder.chmod(0o700)
        log.warning("%s was open to other users of this machine; it is 0700 now", folder)
    except PermissionError:
        log.warning("%s is open to other users of this machine: chmod 700 it", folder)


def keep_calls(house: House) -> None:
    """Keep the text of each call version, and refuse one whose text changed under its number."""
    try:
        with house.registry.write() as connection:
            for call in house.calls.values():
                keep_call(connection, call, house.clock())
    except CallError as error:
        raise SettingsError(str(error)) from error
