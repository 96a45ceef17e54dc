"""`mca serve` as a process of its own, in a folder of its own, until a test is done with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY = "MCA serves at"
LONGEST_S = 300


@dataclass
class Live:
    """A running service: where it is, what it said, and the folder that it works in."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    said: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def logins(self) -> dict[str, str]:
        """What `logins.env` tells a shell."""
        lines = (self.folder / "mca-demo/logins.env").read_text(encoding="utf-8").splitlines()
        return {name: value.strip("'") for name, _, value in (line.removeprefix("export ").partition("=") for line in lines)}

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask the process to end, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(LONGEST_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, *options: str, **settings: Any) -> Iterator[Live]:
    """Start `mca serve` with some options and settings, and wait until it answers."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MCA_")}
    environment = {**clean, **{f"MCA_{name.upper()}": str(value) for name, value in settings.items()}}
    command = [sys.executable, "-m", "service.cli.main", "serve", "--port", str(port), *options]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    live, ready = Live(process, folder, port), threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            live.said.append(line.rstrip())
            if line.startswith(("For the shell", READY)) and ("--demo" not in options or line.startswith("For the shell")):
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert ready.wait(LONGEST_S), "the service is not ready"
        assert any(line.startswith(READY) for line in live.said), (folder / "log").read_text()
        yield live
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join()
        assert process.stdout is not None
        process.stdout.close()
