"""What demand refuses, beyond what supply refuses too."""

from __future__ import annotations

from catalog.errors import Conflict


class ContractExceeded(Conflict):
    """A call-off asks for more than the contract has left; `left_kg` says how much that is."""

    code = "contract_exceeded"

    def __init__(self, contract: str, left_kg: int) -> None:
        self.left_kg = left_kg
        super().__init__(f"contract {contract} has {left_kg} kg left to call off")


class AlreadySigned(Conflict):
    """The side has signed the contract, or asked for its change, before."""

    code = "already_signed"


class NothingToSign(Conflict):
    """The contract waits for no signature."""

    code = "nothing_to_sign"
