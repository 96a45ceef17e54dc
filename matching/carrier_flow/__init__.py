"""Plans of carriers by the kilogram alone, as a mixed-integer program."""

from matching.carrier_flow.solve import Carried, only_carriers_pay, solve_carried

__all__ = ["Carried", "only_carriers_pay", "solve_carried"]
