"""An answer for every "no": why lots and lines stay open, what would change it, and what rules cost.

`matching.explain.story` tells one lot or line in figures, `matching.explain.changes` finds the cheapest single change that would get it
matched, `matching.explain.rules` prices rules, `matching.explain.pools` brings suppliers together; `matching.explain.texts` has the words.
"""

from matching.explain.openings import explain_open

__all__ = ["explain_open"]
