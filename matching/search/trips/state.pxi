cdef enum:
    FREE = -2
    CARRIER = -1

# State.count
cdef enum:
    N_SHIPS = 0, N_TRIPS, TOP_TRIP, FREE_SHIP, FREE_TRIP, FREE_NODE, N_LOTS, N_LINES

cdef double PIN_WORTH = 1e7


cdef void copy_state(State target, State source) noexcept nogil:
    """Make ``target`` equal to ``source``, a state of the same capacity."""
    memcpy(&target.ints[0], &source.ints[0], source.ints.shape[0] * sizeof(long))
    memcpy(&target.reals[0], &source.reals[0], source.reals.shape[0] * sizeof(double))


cdef long stop_minutes(Arena w, long site, double kg) noexcept nogil:
    """Whole minutes that a stop lasts when ``kg`` are moved there."""
    return <long>(ceil(w.site[site, STOP_MIN] + w.site[site, MIN_PER_KG] * kg - 1e-9))


cdef double trip_cost_vnd(Arena w, long vehicle, double km, long first, long last) noexcept nogil:
    """Cost of a trip of ``km`` between its stops, the way from and to the base added, in whole đồng."""
    cdef long bands, b
    cdef double total, start, end
    if w.vehicle[vehicle, BASE] >= 0:
        km += w.km[w.vehicle[vehicle, BASE], first] + w.km[last, w.vehicle[vehicle, BASE]]
    total = w.vehicle_real[vehicle, FIXED]
    bands = w.band.shape[1]
    for b in range(bands):
        start = w.band[vehicle, b, 0]
        if km <= start:
            break
        end = w.band[vehicle, b + 1, 0] if b + 1 < bands else INF
        total += w.band[vehicle, b, 1] * (min(km, end) - start)
    return <double>(rint(total))


cdef double larger_vnd(Arena w, long vehicle, double km, long first, long last, double cost) noexcept nogil:
    """What the cheapest class that holds more than ``vehicle`` would cost more on the same way; inf if there is none."""
    cdef long c
    cdef double best = INF
    for c in range(w.vehicle.shape[0]):
        if w.vehicle_real[c, PAYLOAD] > w.vehicle_real[vehicle, PAYLOAD] or w.vehicle_real[c, VOLUME] > w.vehicle_real[vehicle, VOLUME] or w.vehicle[c, REFRIGERATED] > w.vehicle[vehicle, REFRIGERATED]:
            best = min(best, trip_cost_vnd(w, c, km, first, last) - cost)
    return max(0.0, best)


cdef void link_ship(Arena w, State s, long ship, long lane, long trip, double kg) noexcept nogil:
    """Enter a new shipment into the lists of its trip, lot and line, and take its mass from what is left."""
    cdef long lot, line
    s.ship[ship, SHIP_LANE], s.ship[ship, SHIP_TRIP], s.ship_kg[ship] = lane, trip, 0.0
    lot, line = w.lane[lane, LANE_LOT], w.lane[lane, LANE_LINE]
    _push(s.trip, TRIP_HEAD, trip, s.ship, SHIP_NEXT, ship)
    _push(s.lot, HEAD, lot, s.ship, SHIP_LOT_NEXT, ship)
    _push(s.line, HEAD, line, s.ship, SHIP_LINE_NEXT, ship)
    if w.lot[lot, COLD]:
        s.trip[trip, TRIP_COLD] += 1
    if w.lot[lot, HARVEST] >= 0:
        if s.harvest[w.lot[lot, HARVEST], CUT_SHIPS] == 0:
            s.harvest[w.lot[lot, HARVEST], CUT_DAY] = -1
        s.harvest[w.lot[lot, HARVEST], CUT_SHIPS] += 1
    add_kg(w, s, ship, kg)


cdef bint is_cut(Arena w, State s, long lot) noexcept nogil:
    """Whether the pick-up date of a lot is settled by other shipments of its harvest."""
    cdef long harvest = w.lot[lot, HARVEST]
    return harvest >= 0 and s.harvest[harvest, CUT_SHIPS] > 0 and s.harvest[harvest, CUT_DAY] >= 0


cdef long first_day(Arena w, State s, long lane) noexcept nogil:
    """First day on which one more shipment of a lane may be picked up."""
    cdef long lot = w.lane[lane, LANE_LOT]
    return max(w.lane[lane, LANE_FROM], s.harvest[w.lot[lot, HARVEST], CUT_DAY]) if is_cut(w, s, lot) else w.lane[lane, LANE_FROM]


cdef long last_day(Arena w, State s, long lane) noexcept nogil:
    """Last day on which one more shipment of a lane may be picked up."""
    cdef long lot = w.lane[lane, LANE_LOT]
    return min(w.lane[lane, LANE_UNTIL], s.harvest[w.lot[lot, HARVEST], CUT_DAY]) if is_cut(w, s, lot) else w.lane[lane, LANE_UNTIL]


cdef bint _cut_elsewhere(Arena w, State s, long trip, long lot) noexcept nogil:
    """Whether shipments that are not on the trip settle the pick-up date of a lot."""
    cdef long ship, own = 0
    if not is_cut(w, s, lot):
        return False
    if s.lot[lot, LOCKED]:
        return True
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        if w.lot[w.lane[s.ship[ship, SHIP_LANE], LANE_LOT], HARVEST] == w.lot[lot, HARVEST]:
            own += 1
        ship = s.ship[ship, SHIP_NEXT]
    return own < s.harvest[w.lot[lot, HARVEST], CUT_SHIPS]


cdef void settle_cuts(Arena w, State s, long trip) noexcept nogil:
    """Hold the stops of a timed trip to the dates on which they pick up lots of a harvest, and those harvests to the dates."""
    cdef long ship = s.trip[trip, TRIP_HEAD], lot, k
    while ship >= 0:
        lot = w.lane[s.ship[ship, SHIP_LANE], LANE_LOT]
        if w.lot[lot, HARVEST] >= 0:
            for k in range(s.trip[trip, TRIP_NP]):
                if s.stop[trip, k, STOP_SITE] == w.lot[lot, LOT_SITE]:
                    s.stop[trip, k, STOP_LO] = s.stop[trip, k, STOP_HI] = s.stop[trip, k, STOP_ARRIVE] // DAY
                    s.harvest[w.lot[lot, HARVEST], CUT_DAY] = s.stop[trip, k, STOP_LO]
        ship = s.ship[ship, SHIP_NEXT]


cdef void add_kg(Arena w, State s, long ship, double kg) noexcept nogil:
    """Change the mass of a shipment by ``kg`` (negative to take away), everything but stops and costs included."""
    cdef long lane, trip, lot, line, pin
    lane, trip = s.ship[ship, SHIP_LANE], s.ship[ship, SHIP_TRIP]
    lot, line, pin = w.lane[lane, LANE_LOT], w.lane[lane, LANE_LINE], w.lane[lane, LANE_PIN]
    touch_lot(s, lot)
    touch_line(s, line)
    s.ship_kg[ship] += kg
    s.lot_left[lot] -= kg
    s.line_left[line] -= kg
    s.trip_real[trip, TRIP_LOAD] += kg
    s.trip_real[trip, TRIP_LITRES] += kg * w.lot_real[lot, LITRES]
    s.worth[0] += kg * w.lane_real[lane, MARGIN]
    if pin >= 0:
        s.worth[0] += PIN_WORTH * (max(0.0, s.pin_left[pin]) - max(0.0, s.pin_left[pin] - kg))
        s.pin_left[pin] -= kg


cdef void unlink_ship(Arena w, State s, long ship) noexcept nogil:
    """Take a shipment out of all lists and give its mass back. Its trip's stops are the caller's matter."""
    cdef long lane, trip, lot, line
    lane, trip = s.ship[ship, SHIP_LANE], s.ship[ship, SHIP_TRIP]
    lot, line = w.lane[lane, LANE_LOT], w.lane[lane, LANE_LINE]
    add_kg(w, s, ship, -s.ship_kg[ship])
    _drop(s.trip, TRIP_HEAD, trip, s.ship, SHIP_NEXT, ship)
    _drop(s.lot, HEAD, lot, s.ship, SHIP_LOT_NEXT, ship)
    _drop(s.line, HEAD, line, s.ship, SHIP_LINE_NEXT, ship)
    if w.lot[lot, COLD]:
        s.trip[trip, TRIP_COLD] -= 1
    if w.lot[lot, HARVEST] >= 0:
        s.harvest[w.lot[lot, HARVEST], CUT_SHIPS] -= 1
    give_ship(s, ship)


cdef void touch_lot(State s, long lot) noexcept nogil:
    """Remember that something of a lot was given back."""
    if s.lot[lot, MARK] == 0:
        s.lot[lot, MARK] = 1
        s.touched[0, s.count[N_LOTS]] = lot
        s.count[N_LOTS] += 1


cdef void touch_line(State s, long line) noexcept nogil:
    """Remember that something of a line was given back."""
    if s.line[line, MARK] == 0:
        s.line[line, MARK] = 1
        s.touched[1, s.count[N_LINES]] = line
        s.count[N_LINES] += 1


cdef void forget_touched(State s) noexcept nogil:
    """Forget what was touched."""
    cdef long i
    for i in range(s.count[N_LOTS]):
        s.lot[s.touched[0, i], MARK] = 0
    for i in range(s.count[N_LINES]):
        s.line[s.touched[1, i], MARK] = 0
    s.count[N_LOTS] = s.count[N_LINES] = 0


cdef long new_ship(State s) noexcept nogil:
    """Return an unused shipment, or -1 if none is left."""
    cdef long ship
    ship = s.count[FREE_SHIP]
    if ship >= 0:
        s.count[FREE_SHIP] = s.ship[ship, SHIP_NEXT]
        s.count[N_SHIPS] += 1
    return <long>(ship)


cdef void give_ship(State s, long ship) noexcept nogil:
    """Give an unlinked shipment back."""
    s.ship[ship, SHIP_NEXT] = s.count[FREE_SHIP]
    s.count[FREE_SHIP] = ship
    s.count[N_SHIPS] -= 1


cdef long new_trip(State s) noexcept nogil:
    """Return an unused trip, or -1 if none is left."""
    cdef long trip, k
    trip = s.count[FREE_TRIP]
    if trip < 0:
        return -1
    s.count[FREE_TRIP] = s.trip[trip, TRIP_HEAD]
    s.count[N_TRIPS] += 1
    s.count[TOP_TRIP] = max(s.count[TOP_TRIP], trip + 1)
    for k in range(4):
        s.trip[trip, k], s.trip_real[trip, k] = 0, 0.0
    s.trip_real[trip, TRIP_LARGER] = 0.0
    s.trip[trip, TRIP_HEAD] = -1
    return <long>(trip)


cdef void free_trip(State s, long trip) noexcept nogil:
    """Give an empty trip back."""
    s.trip[trip, TRIP_CLASS] = FREE
    s.trip[trip, TRIP_HEAD] = s.count[FREE_TRIP]
    s.count[FREE_TRIP] = trip
    s.count[N_TRIPS] -= 1


cdef long new_node(State s, long site, long trip) noexcept nogil:
    """Enter a trip into a site's list and return the entry."""
    cdef long node
    node = s.count[FREE_NODE]
    s.count[FREE_NODE] = s.node[node, NODE_NEXT]
    s.node[node, NODE_TRIP] = trip
    _push(s.site, 0, site, s.node, NODE_NEXT, node)
    return <long>(node)


cdef void free_node(State s, long site, long node) noexcept nogil:
    """Take an entry out of a site's list."""
    _drop(s.site, 0, site, s.node, NODE_NEXT, node)
    s.node[node, NODE_NEXT] = s.count[FREE_NODE]
    s.count[FREE_NODE] = node


cdef void _push(long[:, ::1] owners, long head, long owner, long[:, ::1] items, long following, long item) noexcept nogil:
    """Put an item at the head of an owner's doubly linked list; the column after ``following`` points back."""
    cdef long first
    first = owners[owner, head]
    items[item, following], items[item, following + 1] = first, -1
    if first >= 0:
        items[first, following + 1] = item
    owners[owner, head] = item


cdef void _drop(long[:, ::1] owners, long head, long owner, long[:, ::1] items, long following, long item) noexcept nogil:
    """Take an item out of an owner's doubly linked list."""
    cdef long after, before
    after, before = items[item, following], items[item, following + 1]
    if before >= 0:
        items[before, following] = after
    else:
        owners[owner, head] = after
    if after >= 0:
        items[after, following + 1] = before


cdef void post_trip(Arena w, State s, long trip, long sign) noexcept nogil:
    """Book (``sign`` 1) or unbook (-1) a truck trip's day, openings, throughput and cost."""
    cdef long day, k
    s.worth[0] -= sign * s.trip_real[trip, TRIP_COST]
    day = s.stop[trip, 0, STOP_ARRIVE] // DAY
    s.used[s.trip[trip, TRIP_CLASS], day] += sign
    for k in range(s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]):
        post_site(w, s, s.stop[trip, k, STOP_SITE], s.stop[trip, k, STOP_ARRIVE] // DAY, s.stop_kg[trip, k], k < s.trip[trip, TRIP_NP], sign)


cdef void post_site(Arena w, State s, long site, long day, double kg, bint loading, long sign) noexcept nogil:
    """Book or unbook one stop's use of a site on a day (counted from the horizon's first)."""
    cdef long before
    before = s.calls[site, day]
    s.calls[site, day] += sign
    if (before == 0) != (s.calls[site, day] == 0):
        s.worth[0] -= sign * w.site[site, OPENING_VND]
    if loading != w.site[site, COUNTS_UNLOADING]:
        s.flow[site, day] += sign * kg


cdef void post_carrier(Arena w, State s, long trip, long sign) noexcept nogil:
    """Book or unbook a carrier trip: its freight, its daily charge, its capacity and both sites."""
    cdef long road, day, before
    road = s.trip[trip, TRIP_ROAD]
    day = s.stop[trip, 0, STOP_ARRIVE] // DAY
    before = s.calls[w.km.shape[0] + road, day]
    s.calls[w.km.shape[0] + road, day] += sign
    s.flow[w.km.shape[0] + road, day] += sign * s.trip_real[trip, TRIP_LOAD]
    s.worth[0] -= sign * s.trip_real[trip, TRIP_COST]
    if (before == 0) != (s.calls[w.km.shape[0] + road, day] == 0):
        s.worth[0] -= sign * w.carrier[road, CHARGE]
    post_site(w, s, s.stop[trip, 0, STOP_SITE], day, s.trip_real[trip, TRIP_LOAD], True, sign)
    post_site(w, s, s.stop[trip, 1, STOP_SITE], day + <long>(w.carrier[road, TRANSIT]), s.trip_real[trip, TRIP_LOAD], False, sign)
