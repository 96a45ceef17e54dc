"""What is done once a service has started."""

from __future__ import annotations

import gc
import weakref

from service.server import set_aside


class Knot:
    """Something that holds itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.self = self


def test_what_was_imported_is_swept_no_more_and_garbage_still_is() -> None:
    set_aside()
    try:
        assert gc.get_freeze_count() > 10_000
        knot = Knot()
        seen = weakref.ref(knot)
        del knot
        gc.collect()
        assert seen() is None
    finally:
        gc.unfreeze()
