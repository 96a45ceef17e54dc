"""A client of the service, generated from its own description as a partner would do it.

The package is made in a temporary folder by ``openapi-python-client`` and imported from there. `Partner` calls its operations by their
names and takes bodies as plain dictionaries, which the generated models read; nothing here knows an address of the service.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn
from fastapi import FastAPI

PACKAGE = "mca_client"


def generate(app: FastAPI, folder: Path) -> Path:
    """Generate the client into a folder, and return the folder to import it from."""
    document = folder / "openapi.json"
    document.write_text(json.dumps(app.openapi()), encoding="utf-8")
    programs = Path(sys.executable).parent
    made = subprocess.run(
        [programs / "openapi-python-client", "generate", "--path", document, "--output-path", folder / "client"],
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(made.stdout + made.stderr)
    return folder / "client"


@contextmanager
def importable(folder: Path) -> Iterator[dict[str, ModuleType]]:
    """Import every operation of a generated client, by name, as long as a block lasts."""
    sys.path.insert(0, str(folder))
    try:
        files = sorted((folder / PACKAGE / "api").glob("*/*.py"))
        yield {file.stem: importlib.import_module(f"{PACKAGE}.api.{file.parent.name}.{file.stem}") for file in files if file.stem[0] != "_"}
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port as long as a block lasts; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the service didn't start")
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


class Partner:
    """Somebody with an API key who uses the generated client."""

    def __init__(self, operations: dict[str, ModuleType], address: str, key: str) -> None:
        self._operations = operations
        client = importlib.import_module(f"{PACKAGE}.client").AuthenticatedClient
        self.client = client(base_url=address, token=key, timeout=60)
        self._models: Any = importlib.import_module(f"{PACKAGE}.models")

    def call(self, operation: str, *place: str, body: Any = None, as_model: str = "", **given: Any) -> Any:
        """Call an operation, and return what it answers; anything but success fails.

        Parameters
        ----------
        body : a dictionary for the model named `as_model`, or a list of them; else a body that is made already.
        """
        if as_model:
            model = getattr(self._models, as_model)
            given["body"] = [model.from_dict(one) for one in body] if isinstance(body, list) else model.from_dict(body)
        elif body is not None:
            given["body"] = body
        answer = self._operations[operation].sync_detailed(*place, client=self.client, **given)
        assert answer.status_code < 300, f"{operation}: {answer.status_code} {answer.content.decode()}"
        return answer.parsed

    def file(self, model: str, name: str, content: bytes) -> Any:
        """Return a body of a model with one file."""
        made = importlib.import_module(f"{PACKAGE}.types").File(payload=io.BytesIO(content), file_name=name)
        return getattr(self._models, model)(file=made)

    def close(self) -> None:
        """Hang up."""
        self.client.get_httpx_client().close()

    def events(self, path: str) -> list[tuple[str, Any]]:
        """Follow a stream of server-sent events to its end; return the kind and data of each."""
        found: list[tuple[str, Any]] = []
        with self.client.get_httpx_client().stream("GET", path) as stream:
            kind = ""
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    kind = line.partition(":")[2].strip()
                if line.startswith("data:"):
                    found.append((kind, json.loads(line.partition(":")[2])))
        return found
