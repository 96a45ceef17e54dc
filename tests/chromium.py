"""Find a Chromium for the tests of the pages, or install Debian's where that may be done.

In this order: what ``MCA_TEST_CHROMIUM`` names, one on the path, Debian's package, which root installs on a machine that has apt.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = (
    "no Chromium for the tests of the pages: install it (on Debian or Ubuntu: apt-get install --no-install-recommends chromium), "
    "or set MCA_TEST_CHROMIUM to the path of one"
)
INSTALL = ("apt-get install -qq -y --no-install-recommends chromium", "apt-get update -qq")


def executable() -> str:
    """Return the path of a browser.

    Raises
    ------
    RuntimeError
        If there is none and none may be installed; the message says what helps.
    """
    given = os.environ.get("MCA_TEST_CHROMIUM")
    found = given or _installed() or _fetched()
    if not found:
        raise RuntimeError(REMEDY)
    return found


def _installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _fetched() -> str | None:
    """Install Debian's package, once for all processes of a test run."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    install, update = (one.split() for one in INSTALL)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with (Path(tempfile.gettempdir()) / "mca-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _installed():
            for command in (update, install):
                subprocess.run(command, env=environment, check=False, capture_output=True)
    return _installed()
