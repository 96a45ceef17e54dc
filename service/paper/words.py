"""The language of a paper: its texts and how it writes numbers, from the same catalogues as the pages."""

from __future__ import annotations

from service.web.formats import Formats
from service.web.texts import translations


class Words(Formats):
    """The texts and formats of one language.

    Parameters
    ----------
    language : vi or en.
    """

    def say(self, text: str, **values: object) -> str:
        """Return a text of the catalogue."""
        found = str(translations(self.language).ugettext(text))
        return found % values if values else found
