"""A service process that can be killed and born again in a moment: a parent that has imported everything and only ever forks.

``python -m tests.service.process_runner PORT``, with the settings in the environment. It reads words from its standard input: ``kill``
sends
SIGKILL to the service and forks a new one at once, ``end`` kills it for good. It answers each with a line. The parent opens no database
and no thread, so that a child begins as clean as a process that has just been started.
"""

from __future__ import annotations

import os
import signal
import sys

import uvicorn
from fastapi import FastAPI

from service.app import create_app
from service.settings import read_settings


def serve(app: FastAPI, port: int) -> None:
    """Serve until killed."""
    config = uvicorn.Config(app, "127.0.0.1", port, log_level="critical", access_log=False, timeout_keep_alive=60)
    uvicorn.Server(config).run()


def born(app: FastAPI, port: int) -> int:
    """Fork a service and return its process."""
    child = os.fork()
    if child == 0:
        # The new process must not read the words that are meant for its parent.
        sys.stdin.close()
        try:
            serve(app, port)
        finally:
            os._exit(1)
    return child


def main() -> None:
    """Obey until told to end."""
    port, app = int(sys.argv[1]), create_app(read_settings())
    assert app.state.service.database.engine.pool.checkedin() == 0, "a child would share its parent's connections"
    child = born(app, port)
    print("born", flush=True)  # noqa: T201  This line is the answer that the test waits for.
    for line in sys.stdin:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if line.strip() != "kill":
            break
        child = born(app, port)
        print("born", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
