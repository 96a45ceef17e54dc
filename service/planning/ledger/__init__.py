"""The ledger of kilograms, its triggers and its audit."""
