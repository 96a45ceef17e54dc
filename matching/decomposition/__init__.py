"""Trips at the size of the country: parts that trucks hardly couple, planned on many processes, pass after pass."""
