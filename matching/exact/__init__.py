"""The whole problem of a tiny instance solved to proof: what the tests hold every other algorithm against.

It shares nothing with the production solver; its measures are the verifier's own.
"""

from matching.exact.model import ExactModel
from matching.exact.solve import build, solve_exactly

__all__ = ["ExactModel", "build", "solve_exactly"]
