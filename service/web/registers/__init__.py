"""Registers: one description for each list that an association keeps, from which pages, search and spreadsheets are made."""
