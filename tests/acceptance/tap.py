"""A tap on the line to an IMAP server: hands everything through and writes down the commands."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

_COMMAND = re.compile(rb"^\S+ (UID )?([A-Z]+)")


class Tap:
    """Listens on a port of its own in front of a server on loopback."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in (self._listener, *self._connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._connections):
            each.close()

    @property
    def port(self) -> int:
        """Where to connect in place of the server."""
        port: int = self._listener.getsockname()[1]
        return port

    def commands(self) -> Counter[str]:
        """How often each command came since the last time this was asked."""
        with self._lock:
            lines, self._lines = self._lines, []
        found = (_COMMAND.match(line) for line in lines)
        return Counter(
            ((each[1] or b"") + each[2]).decode("ascii") for each in found if each is not None
        )

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._connections += [client, server]
                for source, target, listen in ((client, server, True), (server, client, False)):
                    thread = threading.Thread(target=self._pass_on, args=(source, target, listen))
                    self._threads.append(thread)
                    thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, listen: bool) -> None:  # noqa: FBT001 - a thread's arguments
        rest = b""
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if listen:
                    *lines, rest = (rest + data).split(b"\r\n")
                    with self._lock:
                        self._lines += lines
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
