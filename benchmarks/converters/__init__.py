"""Classical published formats as folders of the exchange format, with the way back from worth to cost."""

from benchmarks.converters.converted import Converted
from benchmarks.converters.registry import KINDS, convert_text

__all__ = ["KINDS", "Converted", "convert_text"]
