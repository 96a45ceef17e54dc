"""Plans of carriers by the kilogram alone, as a mixed-integer program."""

from matching.carrier_flow.solve import CarrierSolution, only_carriers_pay, solve_carrier_flow

__all__ = ["CarrierSolution", "only_carriers_pay", "solve_carrier_flow"]
