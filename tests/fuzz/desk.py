"""Fuzzing of the desk's HTTP interface, from its OpenAPI description.

The description that programs get holds what they may ask. The fuzzer's holds every page and
form as well, with the form token and the numbers that are there, to get behind the gate.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from tests.desk_registry import Browser, open_office, serve, sign_in_path

_SIGNS_OUT = {"/login", "/logout", "/password"}
_DOSSIERS = 12


def description(app: FastAPI, known: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Describe every page and form; parameters and fields in `known` take one of its values."""
    routes = [each for each in _routes(app) if each.path not in _SIGNS_OUT]
    for each in routes:
        each.include_in_schema = True
    described = get_openapi(title="desk", version="1", routes=routes)
    for schema in _schemas(described):
        for name, field in schema.get("properties", {}).items():
            if name in known:
                field.clear()
                field["enum"] = known[name]
    for operations in described["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in known:
                    parameter["schema"] = {"enum": known[parameter["name"]]}
            _sign(operation, known["token"])
    return described


def _routes(app: FastAPI) -> Iterator[APIRoute]:
    for each in app.routes:
        inner = getattr(each, "original_router", None)
        yield from (
            route for route in (inner.routes if inner else [each]) if isinstance(route, APIRoute)
        )


def _schemas(described: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from described.get("components", {}).get("schemas", {}).values()


def _sign(operation: dict[str, Any], token: list[str]) -> None:
    """Put the form token, which no signature tells, among a form's fields."""
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        if "form" in media_type:
            signed = {"type": "object", "properties": {"token": {"enum": token}}}
            signed["required"] = ["token"]
            body["schema"] = {"allOf": [body["schema"], signed]}


def known_values(browser: Browser) -> dict[str, list[Any]]:
    """Return what the fuzzer could not guess."""
    numbers = [each["number"] for each in browser.get("/api/queue").json()]
    ids = list(range(1, _DOSSIERS + 1))
    return {
        "token": [browser.token()],
        "number": [*numbers, "LM2016-9999"],
        "mail": ids,
        "letter": ids,
        "document": ids,
    }


def main() -> int:
    """Send what no browser would to a desk with dossiers in it, signed in, for so many seconds."""
    _, seconds, findings = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(Path(folder), dossiers=_DOSSIERS)
        with (
            serve(office.app) as address,
            httpx.Client(base_url=address, follow_redirects=True) as client,
        ):
            client.get(sign_in_path()).raise_for_status()
            known = known_values(Browser(client=client, office=office))
            described = Path(folder, "openapi.json")
            described.write_text(json.dumps(description(office.app, known)), encoding="utf-8")
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            command = [
                str(Path(sys.executable).with_name("schemathesis")),
                "run", str(described), "--url", address,
                "--header", f"Cookie: {cookies}", "--header", f"Origin: {address}",
                "--checks", "not_a_server_error",
                "--max-time", seconds, "--request-timeout", "30", "--continue-on-failure",
                "--report", "har", "--report-dir", findings,
            ]  # fmt: skip
            return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
