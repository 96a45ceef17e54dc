# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=False
# distutils: language=c
"""The compiled loops of the trip search, one translation unit so that the C compiler sees through every call.

`columns` names the columns of the packed arrays, `clock` times a trip, `state` keeps the books of the trips under construction,
`insert` and `remove` change them, `search` improves them. Memory views have the shapes given in `matching.search.trips.instance` and
`matching.search.trips.state`.
"""

from libc.math cimport INFINITY, ceil, floor, log, pow, rint
from libc.stdlib cimport labs
from libc.string cimport memcpy

include "columns.pxi"

cdef double INF = INFINITY
cdef long NEVER = 1 << 50
cdef long ALWAYS = 1 << 40
cdef double MOST_TRIALS = 40.0

# Named in the type system, so that the C compiler knows them and divides by none at run time.
cdef enum:
    DAY = 1440, ATTEMPTS = 24, NEIGHBOUR_SITES = 5, MOST_TURNS = 200, MANY_LANES = 600


cdef class Arena:
    """A problem laid out for the loops; see `matching.search.trips.instance.Layout`."""

    cdef public double[:, ::1] km, site, vehicle_real, lot_real, line_real, lane_real, carrier, room
    cdef public long[:, :, ::1] minutes
    cdef public long[:, :, :, ::1] hours, stretches
    cdef public long[:, ::1] vehicle, lot, line, lane, grouped, near
    cdef public double[:, :, ::1] band
    cdef public double[::1] pin_kg
    cdef public long[::1] horizon, dated
    cdef double largest_kg

    def __init__(self, layout):
        for name in ("km", "site", "vehicle_real", "lot_real", "line_real", "lane_real", "carrier", "minutes", "hours", "vehicle", "lot", "line",
                     "lane", "grouped", "near", "band", "pin_kg", "horizon", "room", "dated", "stretches"):
            setattr(self, name, getattr(layout, name))
        self.largest_kg = layout.vehicle_real[:, PAYLOAD].max(initial=0.0)


cdef class State:
    """Trips under construction; see `matching.search.trips.state.Books`."""

    cdef public long[::1] ints, count
    cdef public double[::1] reals, ship_kg, lot_left, line_left, pin_left, worth
    cdef public long[:, ::1] ship, trip, node, site, lot, line, used, calls, touched, harvest
    cdef public double[:, ::1] trip_real, stop_kg, flow
    cdef public long[:, :, ::1] stop

    def __init__(self, books):
        for name in ("ints", "count", "reals", "ship_kg", "lot_left", "line_left", "pin_left", "worth", "ship", "trip", "node", "site", "lot", "line",
                     "used", "calls", "touched", "trip_real", "stop_kg", "flow", "stop", "harvest"):
            setattr(self, name, getattr(books, name))


cdef class Scratch:
    """Working arrays of one thread."""

    cdef public long[:, ::1] seq
    cdef public double[::1] kg, value, params, key
    cdef public long[::1] choice, cut
    cdef public unsigned long long random

    def __init__(self, seq, kg, value, params, key, choice, cut, random):
        self.seq, self.kg, self.value, self.params, self.key, self.choice, self.cut, self.random = seq, kg, value, params, key, choice, cut, random


include "clock.pxi"
include "state.pxi"
include "insert.pxi"
include "remove.pxi"
include "search.pxi"
include "warm.pxi"
