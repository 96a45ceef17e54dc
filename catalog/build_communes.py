"""Make the list of communes that `catalog.communes` reads: codes, names, centres, and the old communes that went into each.

The names and numbers come from the data files of the package ``vietnamadminunits`` (MIT), which `requirements-communes.lock` pins. Its
archive is fetched and read; the package is never installed and nothing of it runs, so that what it asks for isn't needed either.

``python catalog/build_communes.py`` makes the list; `make setup` and the build of a wheel do so by themselves.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BUILT, LOCK, FETCHED = HERE / "built" / "communes.json.gz", HERE.parent / "requirements-communes.lock", HERE.parent / "build" / "communes"
NEW = "SELECT wardCode, ward, provinceShort, provinceCode, wardLat, wardLon, provinceKey, wardKey FROM admin_units ORDER BY wardCode"
OLD = "SELECT provinceKey || '_' || districtKey || '_' || wardKey, ward, districtShort, provinceShort FROM admin_units_legacy"


def build() -> list[Path]:
    """Fetch the archive, write the list with the licence of its source beside it, and return the files."""
    with zipfile.ZipFile(_fetch()) as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        files = {name: archive.read(names[name]) for name in ("dataset.db", "converter_2025.json", "LICENSE")}
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_communes(files["dataset.db"], json.loads(files["converter_2025.json"])), ensure_ascii=False, separators=(",", ":"))
    licence = BUILT.with_name("communes.LICENSE")
    licence.write_bytes(files["LICENSE"])
    fresh = BUILT.with_suffix(".new")
    fresh.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    fresh.replace(BUILT)
    return [BUILT, licence]


def _fetch() -> Path:
    """Return the archive of the package, fetched by pip and checked against the lock file."""
    FETCHED.mkdir(parents=True, exist_ok=True)
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    call += ["--disable-pip-version-check", "--no-input", "--dest", str(FETCHED), "--requirement", str(LOCK)]
    # A build that is kept apart from other packages would keep pip from this one.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(call)} failed with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return max(FETCHED.glob("*.whl"), key=lambda path: path.stat().st_mtime)


def _communes(base: bytes, converter: dict[str, dict[str, dict[str, Any]]]) -> list[list[Any]]:
    """Return code, name, province, its code, latitude, longitude and former communes of each commune."""
    file = FETCHED / "dataset.db"
    file.write_bytes(base)
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as opened:
        new, old = opened.execute(NEW).fetchall(), opened.execute(OLD).fetchall()
    titles = {key: f"{ward}, {district}, {province}" for key, ward, district, province in old if key}
    parts = _merged(converter)
    return [
        [code, name, province, number, lat, lon, [titles[key] for key in parts.get((home, ward), ()) if key in titles]]
        for code, name, province, number, lat, lon, home, ward in new
    ]


def _merged(converter: dict[str, dict[str, dict[str, Any]]]) -> dict[tuple[str, str], list[str]]:
    """Return the keys of the old communes that went, whole or in part, into each new one."""
    whole = converter["DICT_PROVINCE_WARD_NO_DIVIDED"]
    found = {(province, ward): list(olds) for province, wards in whole.items() for ward, olds in wards.items()}
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, news in divided.items():
            for one in news:
                found.setdefault((province, str(one["newWardKey"])), []).append(old)
    return found


if __name__ == "__main__":
    made = build()
    sys.stdout.write(f"{len(made)} files in {BUILT.parent.relative_to(HERE.parent)}\n")
