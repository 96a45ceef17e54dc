"""Types of the compiled loops; see `_core.pyx`."""

from matching.problem import FloatArray, IntArray
from matching.trips.arena import Layout
from matching.trips.state import Books

class Arena:
    def __init__(self, layout: Layout) -> None: ...

class State:
    def __init__(self, books: Books) -> None: ...

class Scratch:
    def __init__(
        self,
        seq: IntArray,
        kg: FloatArray,
        value: FloatArray,
        params: FloatArray,
        key: FloatArray,
        choice: IntArray,
        cut: IntArray,
        random: int,
    ) -> None: ...

def build(w: Arena, s: State, x: Scratch, alpha: float) -> None: ...
def sweep(w: Arena, s: State, x: Scratch) -> None: ...
def improve(w: Arena, s: State, spare: State, best: State, x: Scratch, iterations: int, hot: float, cold: float, size: float) -> None: ...
def copy_trips(w: Arena, source: State, target: State, trips: IntArray) -> None: ...
def copy_all(target: State, source: State) -> None: ...
def list_ships(s: State, out: IntArray) -> int: ...
