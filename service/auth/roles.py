"""The roles of people, for the command line, which must not load the database to print its help."""

from __future__ import annotations

from enum import StrEnum


class PersonRole(StrEnum):
    """What an account of a person may do; a partner is a key, and no person."""

    CLERK = "clerk"
    PROCUREMENT = "procurement"
    BROKER = "broker"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
