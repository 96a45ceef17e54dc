"""Taking shipments off trips, and bringing what is left of a trip, a lot or a line back into order."""


cdef bint is_free_to_go(Arena w, State s, long ship) noexcept nogil:
    """Whether this state may take a shipment away."""
    cdef long lane
    lane = s.ship[ship, SHIP_LANE]
    return s.lot[w.lane[lane, LANE_LOT], LOCKED] == 0 and s.line[w.lane[lane, LANE_LINE], LOCKED] == 0


cdef void remove_ship(Arena w, State s, Scratch x, long ship) noexcept nogil:
    """Take one shipment away and settle its trip."""
    cdef long trip
    trip = s.ship[ship, SHIP_TRIP]
    if s.trip[trip, TRIP_CLASS] == CARRIER:
        post_carrier(w, s, trip, -1)
        unlink_ship(w, s, ship)
        drop_trip_record(s, trip)
        return
    post_trip(w, s, trip, -1)
    _unload(w, s, ship)
    unlink_ship(w, s, ship)
    settle(w, s, x, trip)


cdef void remove_trip(Arena w, State s, Scratch x, long trip) noexcept nogil:
    """Take every shipment of a trip away that may go; the trip stays with the rest, if any."""
    cdef long ship, following
    if s.trip[trip, TRIP_CLASS] == CARRIER:
        ship = s.trip[trip, TRIP_HEAD]
        if is_free_to_go(w, s, ship):
            remove_ship(w, s, x, ship)
        return
    post_trip(w, s, trip, -1)
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        following = s.ship[ship, SHIP_NEXT]
        if is_free_to_go(w, s, ship):
            _unload(w, s, ship)
            unlink_ship(w, s, ship)
        ship = following
    settle(w, s, x, trip)


cdef void remove_stop(Arena w, State s, Scratch x, long trip, long site) noexcept nogil:
    """Take away every shipment of a truck trip that is loaded or unloaded at a site."""
    cdef long ship, following, lane
    post_trip(w, s, trip, -1)
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        following = s.ship[ship, SHIP_NEXT]
        lane = s.ship[ship, SHIP_LANE]
        if (w.lot[w.lane[lane, LANE_LOT], LOT_SITE] == site or w.line[w.lane[lane, LANE_LINE], LINE_SITE] == site) and is_free_to_go(w, s, ship):
            _unload(w, s, ship)
            unlink_ship(w, s, ship)
        ship = following
    settle(w, s, x, trip)


cdef void _unload(Arena w, State s, long ship) noexcept nogil:
    """Take a shipment's mass from its two stops."""
    cdef long trip, lane, a, b, k
    cdef double kg
    trip, lane, kg = s.ship[ship, SHIP_TRIP], s.ship[ship, SHIP_LANE], s.ship_kg[ship]
    a, b = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    for k in range(s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]):
        if s.stop[trip, k, STOP_SITE] == a or s.stop[trip, k, STOP_SITE] == b:
            s.stop_kg[trip, k] -= kg


cdef void settle(Arena w, State s, Scratch x, long trip) noexcept nogil:
    """Bring an unbooked trip in order after shipments left: empty stops go, windows widen, the cheapest class is chosen.

    A trip that can't be timed any more (roads that break the triangle inequality, sites that are full) is given up with all it carries.
    """
    cdef long n, vehicle, k, _, c
    cdef double km, floor, best, cost
    _strike_empty_stops(s, trip)
    if s.trip[trip, TRIP_HEAD] < 0:
        drop_trip_record(s, trip)
        return
    n = _windows(w, s, x, trip)
    km = 0.0
    for k in range(1, n):
        km += w.km[x.seq[SEQ_SITE, k - 1], x.seq[SEQ_SITE, k]]
    floor = -INF
    for _ in range(w.vehicle.shape[0]):
        # Classes are tried from the cheapest up; equal costs by number.
        best, vehicle = INF, -1
        for c in range(w.vehicle.shape[0]):
            if not _carries(w, s, trip, c, n):
                continue
            cost = trip_cost_vnd(w, c, km, x.seq[SEQ_SITE, 0], x.seq[SEQ_SITE, n - 1]) + 1e-6 * c
            if floor < cost < best:
                best, vehicle = cost, c
        if vehicle < 0:
            break
        if _settles(w, s, x, trip, vehicle, n):
            for k in range(n):
                free_node(s, s.stop[trip, k, STOP_SITE], s.stop[trip, k, STOP_NODE])
            write_stops(w, s, x, trip, vehicle)
            return
        floor = best
    give_up(w, s, trip)


cdef bint _settles(Arena w, State s, Scratch x, long trip, long vehicle, long n) noexcept nogil:
    """Time an unbooked trip in ``x`` as early as clock and sites admit it, else as it was; False if a class can't make it."""
    while time_it(w, s, x, -1, -1, vehicle, n) and _on_time(w, s, x, trip, n):
        if _site_costs(w, s, x, -1, n, 0.0) < INF:
            return True
        # A site is full on that day, so the whole trip is tried on the next.
        x.seq[SEQ_LO, 0] = x.seq[SEQ_ARRIVE, 0] // DAY + 1
        if x.seq[SEQ_LO, 0] > x.seq[SEQ_HI, 0]:
            break
    _windows(w, s, x, trip)
    return _keeps_time(w, s, x, trip, vehicle, n) and _on_time(w, s, x, trip, n) and _site_costs(w, s, x, -1, n, 0.0) < INF


cdef void give_up(Arena w, State s, long trip) noexcept nogil:
    """Unload an unbooked trip wholly and give it back."""
    while s.trip[trip, TRIP_HEAD] >= 0:
        unlink_ship(w, s, s.trip[trip, TRIP_HEAD])
    drop_trip_record(s, trip)


cdef bint _on_time(Arena w, State s, Scratch x, long trip, long n) noexcept nogil:
    """Whether every shipment of the trip keeps its most days on the way in the schedule in ``x``."""
    cdef long ship, lane, picked, dropped, k
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        lane = s.ship[ship, SHIP_LANE]
        picked = dropped = 0
        for k in range(n):
            if x.seq[SEQ_SITE, k] == w.lot[w.lane[lane, LANE_LOT], LOT_SITE]:
                picked = x.seq[SEQ_ARRIVE, k] // DAY
            elif x.seq[SEQ_SITE, k] == w.line[w.lane[lane, LANE_LINE], LINE_SITE]:
                dropped = x.seq[SEQ_ARRIVE, k] // DAY
        if dropped - picked > w.lane[lane, LANE_DAYS] or not _cut_together(w, s, x, trip, w.lane[lane, LANE_LOT], picked, n):
            return False
        ship = s.ship[ship, SHIP_NEXT]
    return True


cdef bint _cut_together(Arena w, State s, Scratch x, long trip, long lot, long day, long n) noexcept nogil:
    """Whether the schedule in ``x`` picks up everything of a lot's harvest on one day."""
    cdef long ship, other, k
    if w.lot[lot, HARVEST] < 0:
        return True
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        other = w.lane[s.ship[ship, SHIP_LANE], LANE_LOT]
        if w.lot[other, HARVEST] == w.lot[lot, HARVEST]:
            for k in range(n):
                if x.seq[SEQ_SITE, k] == w.lot[other, LOT_SITE] and x.seq[SEQ_ARRIVE, k] // DAY != day:
                    return False
        ship = s.ship[ship, SHIP_NEXT]
    return True


cdef void _strike_empty_stops(State s, long trip) noexcept nogil:
    cdef long n_p, n_d, n, k
    n_p, n_d = s.trip[trip, TRIP_NP], s.trip[trip, TRIP_ND]
    n = 0
    for k in range(n_p + n_d):
        if s.stop_kg[trip, k] < 0.5:
            free_node(s, s.stop[trip, k, STOP_SITE], s.stop[trip, k, STOP_NODE])
            if k < n_p:
                s.trip[trip, TRIP_NP] -= 1
            else:
                s.trip[trip, TRIP_ND] -= 1
            continue
        s.stop[trip, n, STOP_SITE], s.stop_kg[trip, n], s.stop[trip, n, STOP_NODE] = s.stop[trip, k, STOP_SITE], s.stop_kg[trip, k], s.stop[trip, k, STOP_NODE]
        s.stop[trip, n, STOP_ARRIVE] = s.stop[trip, k, STOP_ARRIVE]
        n += 1


cdef long _windows(Arena w, State s, Scratch x, long trip) noexcept nogil:
    """Lay the trip out in ``x`` with dates taken anew from its shipments; return its number of stops."""
    cdef long n, ship, lane, a, b, k, day
    n = s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]
    for k in range(n):
        x.seq[SEQ_SITE, k], x.kg[k] = s.stop[trip, k, STOP_SITE], s.stop_kg[trip, k]
        x.seq[SEQ_LO, k], x.seq[SEQ_HI, k] = 0, w.horizon[1]
        x.seq[SEQ_DUR, k] = stop_minutes(w, x.seq[SEQ_SITE, k], x.kg[k])
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        lane = s.ship[ship, SHIP_LANE]
        a, b = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
        for k in range(n):
            if x.seq[SEQ_SITE, k] == a:
                x.seq[SEQ_LO, k], x.seq[SEQ_HI, k] = max(x.seq[SEQ_LO, k], w.lane[lane, LANE_FROM]), min(x.seq[SEQ_HI, k], w.lane[lane, LANE_UNTIL])
                if _cut_elsewhere(w, s, trip, w.lane[lane, LANE_LOT]):
                    day = s.harvest[w.lot[w.lane[lane, LANE_LOT], HARVEST], CUT_DAY]
                    x.seq[SEQ_LO, k], x.seq[SEQ_HI, k] = max(x.seq[SEQ_LO, k], day), min(x.seq[SEQ_HI, k], day)
            elif x.seq[SEQ_SITE, k] == b:
                x.seq[SEQ_LO, k], x.seq[SEQ_HI, k] = max(x.seq[SEQ_LO, k], w.lane[lane, LANE_DELIVER_FROM]), min(x.seq[SEQ_HI, k], w.lane[lane, LANE_DELIVER_UNTIL])
        ship = s.ship[ship, SHIP_NEXT]
    return n


cdef bint _carries(Arena w, State s, long trip, long c, long n) noexcept nogil:
    """Whether a class may make a trip of ``n`` stops with its load, the clock aside."""
    cdef long k
    if s.trip_real[trip, TRIP_LOAD] > w.vehicle_real[c, PAYLOAD] or s.trip_real[trip, TRIP_LITRES] > w.vehicle_real[c, VOLUME] + 1e-6 or n > w.vehicle[c, MAX_STOPS]:
        return False
    if s.trip[trip, TRIP_COLD] > 0 and not w.vehicle[c, REFRIGERATED]:
        return False
    for k in range(n):
        if not admits(w, s.stop[trip, k, STOP_SITE], c):
            return False
    return True


cdef void mend_rules(Arena w, State s, Scratch x) noexcept nogil:
    """Take away what breaks a minimum of a touched lot or line, until none does."""
    cdef long clean, _, i
    for _ in range(20):
        clean = True
        for i in range(s.count[N_LINES]):
            clean = _mend_line(w, s, x, s.touched[1, i]) and clean
        for i in range(s.count[N_LOTS]):
            clean = _mend_lot(w, s, x, s.touched[0, i]) and clean
        if clean:
            return


cdef bint _mend_line(Arena w, State s, Scratch x, long line) noexcept nogil:
    """Empty a line filled less than its minimum, and drop suppliers below theirs; True if nothing was wrong."""
    cdef long ship, supplier
    cdef double filled, least
    filled = w.line_real[line, LINE_KG] - s.line_left[line]
    if s.line[line, HEAD] < 0 or s.line[line, LOCKED] != 0:
        return True
    if filled < w.line_real[line, LINE_MIN]:
        while s.line[line, HEAD] >= 0:
            remove_ship(w, s, x, s.line[line, HEAD])
        return False
    least = w.line_real[line, SUPPLIER_KG]
    if least <= 0.0:
        return True
    ship = s.line[line, HEAD]
    while ship >= 0:
        supplier = w.lot[w.lane[s.ship[ship, SHIP_LANE], LANE_LOT], SUPPLIER]
        if _supplier_kg(w, s, line, supplier) < least:
            _drop_supplier(w, s, x, line, supplier)
            return False
        ship = s.ship[ship, SHIP_LINE_NEXT]
    return True


cdef double _supplier_kg(Arena w, State s, long line, long supplier) noexcept nogil:
    cdef long ship
    cdef double total
    total = 0.0
    ship = s.line[line, HEAD]
    while ship >= 0:
        if w.lot[w.lane[s.ship[ship, SHIP_LANE], LANE_LOT], SUPPLIER] == supplier:
            total += s.ship_kg[ship]
        ship = s.ship[ship, SHIP_LINE_NEXT]
    return total


cdef void _drop_supplier(Arena w, State s, Scratch x, long line, long supplier) noexcept nogil:
    cdef long found, ship
    found = True
    while found:
        found = False
        ship = s.line[line, HEAD]
        while ship >= 0:
            if w.lot[w.lane[s.ship[ship, SHIP_LANE], LANE_LOT], SUPPLIER] == supplier:
                remove_ship(w, s, x, ship)
                found = True
                break
            ship = s.ship[ship, SHIP_LINE_NEXT]


cdef bint _mend_lot(Arena w, State s, Scratch x, long lot) noexcept nogil:
    """Empty a lot that is taken less than its minimum; True if nothing was wrong."""
    cdef double taken
    taken = w.lot_real[lot, LOT_KG] - s.lot_left[lot]
    if s.lot[lot, HEAD] < 0 or s.lot[lot, LOCKED] != 0 or taken >= w.lot_real[lot, LOT_MIN]:
        return True
    while s.lot[lot, HEAD] >= 0:
        remove_ship(w, s, x, s.lot[lot, HEAD])
    return False


cdef double trip_gain(Arena w, State s, long trip) noexcept nogil:
    """Margins on a trip less its own cost, in VND; infinite while it carries a pin."""
    cdef long ship, lane
    cdef double gain
    gain = -s.trip_real[trip, TRIP_COST]
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        lane = s.ship[ship, SHIP_LANE]
        if w.lane[lane, LANE_PIN] >= 0:
            return INF
        gain += s.ship_kg[ship] * w.lane_real[lane, MARGIN]
        ship = s.ship[ship, SHIP_NEXT]
    return gain


cdef bint live(State s, long trip) noexcept nogil:
    """Whether a trip is in use."""
    return s.trip[trip, TRIP_CLASS] != FREE
