"""Lots and demand lines by the thousand, from JSON, CSV or a workbook: all of them, or none, with every fault named."""
