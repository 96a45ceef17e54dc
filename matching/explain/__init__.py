"""An answer for every "no": why lots and lines stay open, what would change it, and what rules cost.

`matching.explain.diagnosis` tells one lot or line in figures, `matching.explain.changes` finds the cheapest single change that would get it
matched, `matching.explain.rules` prices rules, `matching.explain.pools` brings suppliers together; `matching.explain.texts` has the words.
"""

from matching.explain.open_reasons import explain_open

__all__ = ["explain_open"]
