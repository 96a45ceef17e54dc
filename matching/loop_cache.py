"""`LoopCache`: where compiled loops are kept, and how one that fits this processor is found again.

numba keeps a loop beside its module only where it may write there, and only for the very processor that compiled it. A package in
a container is read-only and was compiled elsewhere. Its loops are therefore compiled for every processor of the kind
(``NUMBA_CPU_NAME=generic`` and no further features), lie beside their modules, and are taken by any of them.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba.core import config
from numba.core.caching import IndexDataCacheFile, InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps

GENERIC = ("generic", "")
"""Name and features of the processor that loops of a package are compiled for."""


class LoopCache:
    """Keeps the compiled forms of one loop; numba's dispatcher asks for them by signature.

    Parameters
    ----------
    function : the loop in Python.
    stamp : digest of all that it is made from; what was kept under another one is not found.
    """

    def __init__(self, function: Callable[..., Any], stamp: str) -> None:
        self._function = function
        self._folders = list(_folders(function))
        base = _file_name(function)
        self.is_kept = True
        """Whether all that this process compiled of the loop was written to disk."""
        self._files = [IndexDataCacheFile(cache_path=folder, filename_base=base, source_stamp=stamp) for folder in self._folders]

    @property
    def cache_path(self) -> str:
        """Folder that is looked into first."""
        return self._folders[0]

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the compiled form for a signature, or None where there is none for this processor."""
        own = target.codegen().magic_tuple()
        for machine in dict.fromkeys([own, (own[0], *GENERIC)]):
            for file in self._files:
                # What is kept without being readable by this account counts as absent.
                with suppress(OSError):
                    kept = file.load(self._key(signature, machine))
                    if kept is not None:
                        # The rest of what numba can compile is loaded when something must be compiled.
                        rtsys.initialize(target)
                        return CompileResult._rebuild(target, *kept)
        return None

    def save_overload(self, signature: Any, made: Any) -> None:
        """Keep a compiled form in the first folder that can be written; where none can, it lasts as long as the process."""
        if made.lifted or made.library.has_dynamic_globals:
            self.is_kept = False
            return
        key, form = self._key(signature, made.codegen.magic_tuple()), made._reduce()
        for folder, file in zip(self._folders, self._files, strict=True):
            with suppress(OSError):
                Path(folder).mkdir(parents=True, exist_ok=True)
                file.save(key, form)
                return
        self.is_kept = False

    def enable(self) -> None:
        """Do nothing: what is kept is always used."""

    def disable(self) -> None:
        """Do nothing: what is kept is always used."""

    def flush(self) -> None:
        """Forget what is kept in folders that can be written."""
        for file in self._files:
            with suppress(OSError):
                file.flush()

    def _key(self, signature: Any, machine: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return what numba itself calls a compiled form by."""
        closure = self._function.__closure__
        cells = b"" if closure is None else dumps(tuple(cell.cell_contents for cell in closure))
        return signature, machine, tuple(hashlib.sha256(part).hexdigest() for part in (self._function.__code__.co_code, cells))


def _folders(function: Callable[..., Any]) -> Iterator[str]:
    """Yield the folders that may hold a loop: the one that NUMBA_CACHE_DIR names, the module's own and the account's."""
    path = function.__code__.co_filename
    if getattr(config, "CACHE_DIR", ""):
        yield UserProvidedCacheLocator(function, path).get_cache_path()
    yield InTreeCacheLocator(function, path).get_cache_path()
    of_account = UserWideCacheLocator(function, path).get_cache_path()
    # An account without a home has none, and its "~" is no folder.
    if Path(of_account).is_absolute():
        yield of_account


def _file_name(function: Callable[..., Any]) -> str:
    code, python = function.__code__, f"py{sys.version_info[0]}{sys.version_info[1]}{sys.abiflags}"
    return f"{Path(code.co_filename).stem}.{function.__qualname__}-{code.co_firstlineno}.{python}"
