"""Trucks: which trips run, with which loads, classes, stops and hours.

`arena` lays a problem out for the compiled loops, `clock` times a trip, `state` holds the trips under construction,
`insert` and `remove` change them, `search` improves them, `harvest` turns them into a `Plan`.
"""
