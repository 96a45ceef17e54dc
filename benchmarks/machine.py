"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("numpy", "scipy", "numba", "ortools", "highspy", "pandas", "pulp", "pot", "pyvrp")


def describe_machine() -> dict[str, str]:
    """Return processor, cores, memory, and the versions of what is compared."""
    versions = {name: version for name in PACKAGES if (version := _version(name))}
    about = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _first_line(Path("/proc/cpuinfo"), "model name") or platform.processor() or "unknown",
        "cores": str(os.cpu_count()),
        "memory": _first_line(Path("/proc/meminfo"), "MemTotal") or "unknown",
        "python": platform.python_version(),
    }
    return about | versions


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _first_line(path: Path, key: str) -> str | None:
    """Value of the first line of a ``key : value`` file."""
    if not path.exists():
        return None
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == key), None)


def peak_mib() -> float:
    """Return the most memory that this process has held, MiB.

    The kernel's own high-water mark is asked first: the figure that `resource` gives a child begins with its parent's.
    """
    mark = _first_line(Path("/proc/self/status"), "VmHWM")
    if mark:
        return int(mark.split()[0]) / 1024
    import resource

    unit = 1 << 20 if platform.system() == "Darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
