"""The page to log in by, shown in place of any page to whoever isn't logged in."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from service.web.context import PageContext, own_address


def sign_in_page(
    visit: PageContext,
    *,
    back: str = "/",
    expired: bool = False,
    status: int = 200,
    kept: str = "",
    had_files: bool = False,
    login_name: str = "",
    ticket: str = "",
) -> Response:
    """Return the page to log in by.

    Parameters
    ----------
    back : where to go then.
    expired : whether a login has just ended.
    kept : the form that was being sent, as `forms.kept` writes it.
    had_files : whether files came with it, which can't be kept.
    ticket : proof that the password was right, where only the code of the second factor is still missing.
    """
    about: dict[str, Any] = {"back": own_address(back), "expired": expired, "kept": kept, "had_files": had_files}
    about |= {"login_name": login_name, "ticket": ticket}
    return visit.show("shell/sign_in.html", status, oidc=bool(visit.settings.oidc_issuer), **about)
