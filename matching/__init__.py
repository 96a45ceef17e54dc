"""The engine: arrays in, a verified plan out.

This package knows nothing of databases, HTTP, clocks, environments or files other than the exchange format.
"""
