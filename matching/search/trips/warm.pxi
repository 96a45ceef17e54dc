# Columns of the trips and shipments to load; see matching.search.trips.warm_start.
cdef enum:
    WARM_CLASS = 0, WARM_SHIP_FROM, WARM_SHIP_END, WARM_STOP_FROM, WARM_STOP_END

cdef enum:
    WARM_LANE = 0, WARM_KG, WARM_DAY

cdef enum:
    WARM_SITE = 0, WARM_ARRIVE


cdef double _still_fits(Arena w, State s, long lane, double kg) noexcept nogil:
    """How much of ``kg`` of a lane may still be had; locks are the caller's matter and do not count."""
    cdef long lot = w.lane[lane, LANE_LOT], line = w.lane[lane, LANE_LINE]
    kg = min(kg, min(s.lot_left[lot], s.line_left[line]))
    if w.lot[lot, WHOLE] and kg < w.lot_real[lot, LOT_KG]:
        return 0.0
    if s.line[line, LOCKED] == 0 and not _supplier_fits(w, s, line, w.lot[lot, SUPPLIER]):
        return 0.0
    return kg


cdef void _load_ships(Arena w, State s, long trip, long[:, ::1] ships, long start, long end) noexcept nogil:
    """Put what still fits of some shipments on a new trip."""
    cdef long i, ship
    cdef double kg
    for i in range(start, end):
        if ships[i, WARM_LANE] < 0:
            continue
        kg = _still_fits(w, s, ships[i, WARM_LANE], <double>ships[i, WARM_KG])
        if kg <= 0.0:
            continue
        ship = _ship_of(s, trip, ships[i, WARM_LANE])
        if ship >= 0:
            add_kg(w, s, ship, kg)
            continue
        ship = new_ship(s)
        if ship >= 0:
            link_ship(w, s, ship, ships[i, WARM_LANE], trip, kg)


cdef void _moved_at(Arena w, State s, long trip, long site, double* loaded, double* unloaded) noexcept nogil:
    """Kilograms that a trip loads and unloads at a site."""
    cdef long ship = s.trip[trip, TRIP_HEAD], lane
    loaded[0] = unloaded[0] = 0.0
    while ship >= 0:
        lane = s.ship[ship, SHIP_LANE]
        if w.lot[w.lane[lane, LANE_LOT], LOT_SITE] == site:
            loaded[0] += s.ship_kg[ship]
        if w.line[w.lane[lane, LANE_LINE], LINE_SITE] == site:
            unloaded[0] += s.ship_kg[ship]
        ship = s.ship[ship, SHIP_NEXT]


cdef bint _set_stops(Arena w, State s, Scratch x, long trip, long[:, ::1] stops, long start, long end) noexcept nogil:
    """Write down the stops that are still needed, with the times that they had; False if they make no trip."""
    cdef long i, n = 0
    cdef double loaded = 0.0, unloaded = 0.0
    s.trip[trip, TRIP_NP] = s.trip[trip, TRIP_ND] = 0
    for i in range(start, end):
        _moved_at(w, s, trip, stops[i, WARM_SITE], &loaded, &unloaded)
        if loaded <= 0.0 and unloaded <= 0.0:
            continue
        if n >= s.stop.shape[1] or (loaded > 0.0 and (unloaded > 0.0 or s.trip[trip, TRIP_ND] > 0)):
            return False
        s.stop[trip, n, STOP_SITE], s.stop[trip, n, STOP_ARRIVE] = stops[i, WARM_SITE], stops[i, WARM_ARRIVE]
        s.stop_kg[trip, n] = loaded + unloaded
        s.trip[trip, TRIP_NP] += 1 if loaded > 0.0 else 0
        s.trip[trip, TRIP_ND] += 1 if unloaded > 0.0 else 0
        n += 1
    return s.trip[trip, TRIP_NP] > 0 and s.trip[trip, TRIP_ND] > 0


cdef bint _keeps_time(Arena w, State s, Scratch x, long trip, long vehicle, long n) noexcept nogil:
    """Whether the times that a trip has are still good for the stops laid out in ``x``; they are then in ``x`` too."""
    cdef long k, t, before = 0
    for k in range(n):
        t = s.stop[trip, k, STOP_ARRIVE]
        if t < max(x.seq[SEQ_LO, k] * DAY, before) or t >= (x.seq[SEQ_HI, k] + 1) * DAY:
            return False
        if t + x.seq[SEQ_DUR, k] >= (w.horizon[1] + 1) * DAY or next_open(w, x.seq[SEQ_SITE, k], vehicle, t, x.seq[SEQ_DUR, k]) != t:
            return False
        x.seq[SEQ_ARRIVE, k] = t
        if k + 1 < n:
            before = t + x.seq[SEQ_DUR, k] + w.minutes[w.vehicle[vehicle, SPEED], x.seq[SEQ_SITE, k], x.seq[SEQ_SITE, k + 1]]
    if t + x.seq[SEQ_DUR, n - 1] - x.seq[SEQ_ARRIVE, 0] > w.vehicle_real[vehicle, MAX_MINUTES]:
        return False
    return s.used[vehicle, x.seq[SEQ_ARRIVE, 0] // DAY] < w.vehicle[vehicle, COUNT_LIMIT]


cdef bint _holds_cut(Arena w, State s, long trip) noexcept nogil:
    """Whether a trip carries a locked lot of a harvest: others rely on its date."""
    cdef long ship = s.trip[trip, TRIP_HEAD], lot
    while ship >= 0:
        lot = w.lane[s.ship[ship, SHIP_LANE], LANE_LOT]
        if w.lot[lot, HARVEST] >= 0 and s.lot[lot, LOCKED]:
            return True
        ship = s.ship[ship, SHIP_NEXT]
    return False


cdef bint _settle_warm(Arena w, State s, Scratch x, long trip, long vehicle) noexcept nogil:
    """Book a loaded trip as it was, or at the next times that its class can keep; False if it can't be made."""
    cdef long n = _windows(w, s, x, trip), k
    for k in range(n):
        if x.seq[SEQ_LO, k] > x.seq[SEQ_HI, k]:
            return False
    if not _carries(w, s, trip, vehicle, n):
        return False
    if not (_keeps_time(w, s, x, trip, vehicle, n) and _on_time(w, s, x, trip, n)):
        if _holds_cut(w, s, trip) or not (time_it(w, s, x, -1, -1, vehicle, n) and _on_time(w, s, x, trip, n)):
            return False
    if _site_costs(w, s, x, -1, n, 0.0) == INF:
        return False
    write_stops(w, s, x, trip, vehicle)
    return True


cdef void _unload_all(Arena w, State s, long trip) noexcept nogil:
    """Give back a trip that was never booked and has no nodes."""
    while s.trip[trip, TRIP_HEAD] >= 0:
        unlink_ship(w, s, s.trip[trip, TRIP_HEAD])
    free_trip(s, trip)


cdef void _load_truck(Arena w, State s, Scratch x, long[:, ::1] trips, long row, long[:, ::1] ships, long[:, ::1] stops) noexcept nogil:
    cdef long trip = new_trip(s)
    if trip < 0:
        return
    _load_ships(w, s, trip, ships, trips[row, WARM_SHIP_FROM], trips[row, WARM_SHIP_END])
    if s.trip[trip, TRIP_HEAD] < 0 or not _set_stops(w, s, x, trip, stops, trips[row, WARM_STOP_FROM], trips[row, WARM_STOP_END]):
        _unload_all(w, s, trip)
    elif not _settle_warm(w, s, x, trip, trips[row, WARM_CLASS]):
        _unload_all(w, s, trip)


cdef void _load_carried(Arena w, State s, Scratch x, long[:, ::1] ships, long i) noexcept nogil:
    """Give a carrier its consignment again, as far as it still fits."""
    cdef long lane = ships[i, WARM_LANE], road, a, b, day = ships[i, WARM_DAY], last
    cdef double kg
    if lane < 0 or day < first_day(w, s, lane) or day > last_day(w, s, lane):
        return
    road, a, b = w.lane[lane, LANE_CARRIER], w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    last = day + <long>(w.carrier[road, TRANSIT])
    kg = min(<double>ships[i, WARM_KG], w.carrier[road, CAPACITY] - s.flow[w.km.shape[0] + road, day])
    if not w.site[a, COUNTS_UNLOADING]:
        kg = min(kg, w.room[a, day] - s.flow[a, day])
    if w.site[b, COUNTS_UNLOADING]:
        kg = min(kg, w.room[b, last] - s.flow[b, last])
    kg = _still_fits(w, s, lane, kg)
    if kg > 0.0:
        x.choice[DAY_OF] = day
        _commit_carrier(w, s, x, lane, kg)


def load_trips(Arena w, State s, Scratch x, long[:, ::1] trips, long[:, ::1] ships, long[:, ::1] stops):
    """Add trips to a state as they are listed; what no longer fits is left out, then what breaks a minimum.

    Columns of ``trips``: class or CARRIER, first shipment, end, first stop, end. Of ``ships``: lane or -1, kg, day of pick-up. Of ``stops``:
    site, minute of arrival. Days and minutes count from the layout's first day.
    """
    cdef long row, i
    with nogil:
        for row in range(trips.shape[0]):
            if trips[row, WARM_CLASS] != CARRIER:
                _load_truck(w, s, x, trips, row, ships, stops)
                continue
            for i in range(trips[row, WARM_SHIP_FROM], trips[row, WARM_SHIP_END]):
                _load_carried(w, s, x, ships, i)
        mend_rules(w, s, x)
        forget_touched(s)
