"""Paper: delivery notes, gate slips, pick lists, settlement statements and season reports as PDF, in Vietnamese or English.

What a paper says is asked for apart and handed over as plain values (`journeys`, `picking`, `statements`); how it looks is the
business of one place (`sheet`). Nothing here changes a row.
"""
