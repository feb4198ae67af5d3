"""The staff desk, served from a thread of this process."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import uvicorn

from config.settings import SettingsError
from ingest.house import House
from reports.desk.app import create_app

SECRET_BYTES = 32
STOP_SECONDS = 5


def desk_secret(house: House) -> bytes:
    """Return the key that signs the desk's sessions, made at the first start."""
    path = house.settings.service.data_dir / "desk.key"
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # readable by its owner only
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first; its key holds
                os.link(file.name, path)
    return path.read_bytes()


@contextmanager
def desk_server(house: House) -> Iterator[str]:
    """Serve the desk until the block ends; gives its address.

    Raises SettingsError when the port is taken.
    """
    desk = house.settings.desk
    app = create_app(
        registry=house.registry,
        originals=house.originals,
        settings=house.settings,
        calls=house.calls,
        clock=house.clock,
        secret=desk_secret(house),
    )
    config = uvicorn.Config(
        app,
        log_config=None,  # through the one log, which masks personal data
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = uvicorn.Server(config)
    with _listening(desk.host, desk.port) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="desk")
        thread.start()
        try:
            yield f"http://{desk.host}:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        message = f"desk.port: {host}:{port} cannot be listened on: {error.strerror}"
        raise SettingsError(message) from error
