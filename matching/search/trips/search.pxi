cdef long below(Scratch x, long n) noexcept nogil:
    """Random whole number in [0, n)."""
    return <long>(uniform(x) * n)


cdef void recreate(Arena w, State s, Scratch x) noexcept nogil:
    """Give every touched line and lot the best places still to be had: lines first, or lots first."""
    cdef long n_lines, n_lots, i
    cdef bint lots_first = x.params[ORDER] == 0.0 and uniform(x) < 0.3
    n_lines, n_lots = s.count[N_LINES], s.count[N_LOTS]
    _shuffle_lines(w, s, x)
    _shuffle_lots(w, s, x)
    if lots_first:
        for i in range(n_lots):
            _place_lot(w, s, x, s.touched[0, i])
    for i in range(n_lines):
        _serve_line(w, s, x, s.touched[1, i])
    if not lots_first:
        for i in range(n_lots):
            _place_lot(w, s, x, s.touched[0, i])


cdef void _shuffle_lots(Arena w, State s, Scratch x) noexcept nogil:
    """Order the touched lots at random, by what is left, or by distance of the site from a random one."""
    cdef long n = s.count[N_LOTS], kind = below(x, 4), i, lot, hub
    hub = s.touched[0, below(x, n)] if n > 0 else 0
    for i in range(n):
        lot = s.touched[0, i]
        if kind == 0:
            x.key[i] = -s.lot_left[lot]
        elif kind == 1:
            x.key[i] = w.km[w.lot[hub, LOT_SITE], w.lot[lot, LOT_SITE]]
        elif kind == 2:
            x.key[i] = w.lot[lot, LOT_END] - w.lot[lot, LOT_FROM]
        else:
            x.key[i] = uniform(x)
    _sort(x, s, 0, n)


cdef void _shuffle_lines(Arena w, State s, Scratch x) noexcept nogil:
    """Order the touched lines at random, by what is missing, or by distance of the site from a random one."""
    cdef long n, kind, hub, line, i
    cdef bint minimum_first
    n = s.count[N_LINES]
    kind = below(x, 4)
    minimum_first = uniform(x) < 0.5
    if x.params[ORDER] > 0.0:
        kind, minimum_first = 4, False
    hub = s.touched[1, below(x, n)] if n > 0 else 0
    for i in range(n):
        line = s.touched[1, i]
        if kind == 0:
            x.key[i] = -s.line_left[line]
        elif kind == 1:
            x.key[i] = w.km[w.line[hub, LINE_SITE], w.line[line, LINE_SITE]] + 0.001 * uniform(x)
        elif kind == 2:
            x.key[i] = w.line[line, LINE_END] - w.line[line, LINE_FROM]
        elif kind == 3:
            x.key[i] = uniform(x)
        else:
            x.key[i] = -w.lane_real[w.grouped[1, w.line[line, LINE_FROM]], MARGIN] if w.line[line, LINE_END] > w.line[line, LINE_FROM] else 0.0
        if (minimum_first and w.line_real[line, LINE_MIN] > 0.0 and s.line[line, HEAD] < 0) or s.line[line, FIRST] > 0:
            # A line with a minimum is served before the others have taken what it needs.
            x.key[i] -= 1e15
        s.line[line, FIRST] = 0
    _sort(x, s, 1, n)


cdef void _sort(Scratch x, State s, long row, long n) noexcept nogil:
    """Sort the first touched lots (row 0) or lines (row 1) by their keys (Shell's method: few, mostly short lists)."""
    cdef long gap = n // 2, i, j, line
    cdef double key
    while gap > 0:
        for i in range(gap, n):
            key, line, j = x.key[i], s.touched[row, i], i
            while j >= gap and x.key[j - gap] > key:
                x.key[j], s.touched[row, j] = x.key[j - gap], s.touched[row, j - gap]
                j -= gap
            x.key[j], s.touched[row, j] = key, line
        gap //= 2


cdef void _serve_line(Arena w, State s, Scratch x, long line) noexcept nogil:
    """Put goods on trucks for a line until nothing more pays."""
    cdef long n_open, _, i
    if x.params[ORDER] > 0.0 and w.line[line, LINE_END] - w.line[line, LINE_FROM] > MANY_LANES:
        _serve_in_turn(w, s, x, line)
        return
    for _ in range(MOST_TURNS):
        if s.line_left[line] <= 0.0:
            return
        clear_choice(x)
        n_open = 0
        for i in range(w.line[line, LINE_FROM], w.line[line, LINE_END]):
            if s.lot_left[w.lane[w.grouped[1, i], LANE_LOT]] > 0.0:
                n_open += 1
        x.params[BLINK] = max(0.02, 1.0 - x.params[TRIALS] / max(1.0, <double>n_open))
        for i in range(w.line[line, LINE_FROM], w.line[line, LINE_END]):
            if s.lot_left[w.lane[w.grouped[1, i], LANE_LOT]] > 0.0:
                try_lane(w, s, x, w.grouped[1, i])
        if x.choice[TRIP] == NO_TRIP or commit(w, s, x) < 0:
            return


cdef void _serve_in_turn(Arena w, State s, Scratch x, long line) noexcept nogil:
    """Put a line's lanes on trucks one after the other, best margin first: for lines with too many to weigh them all at every turn."""
    cdef long i
    for i in range(w.line[line, LINE_FROM], w.line[line, LINE_END]):
        if s.line_left[line] <= 0.0:
            return
        clear_choice(x)
        x.params[BLINK] = 0.0
        try_lane(w, s, x, w.grouped[1, i])
        if x.choice[TRIP] != NO_TRIP and commit(w, s, x) < 0:
            return


cdef void _place_lot(Arena w, State s, Scratch x, long lot) noexcept nogil:
    """Put a lot on trucks until nothing more pays."""
    cdef long n_open, _, i
    for _ in range(MOST_TURNS):
        if s.lot_left[lot] <= 0.0:
            return
        clear_choice(x)
        n_open = 0
        for i in range(w.lot[lot, LOT_FROM], w.lot[lot, LOT_END]):
            if s.line_left[w.lane[w.grouped[0, i], LANE_LINE]] > 0.0:
                n_open += 1
        x.params[BLINK] = max(0.02, 1.0 - x.params[TRIALS] / max(1.0, <double>n_open))
        for i in range(w.lot[lot, LOT_FROM], w.lot[lot, LOT_END]):
            if s.line_left[w.lane[w.grouped[0, i], LANE_LINE]] > 0.0:
                try_lane(w, s, x, w.grouped[0, i])
        if x.choice[TRIP] == NO_TRIP or commit(w, s, x) < 0:
            return


cdef void try_lane(Arena w, State s, Scratch x, long lane) noexcept nogil:
    """Try a lane on the trucks that call at its line's site or next to it, on its carrier, and on a truck of its own."""
    cdef long b, node, i
    cdef double room, least
    room = lane_room(w, s, lane)
    if room <= 0.0 or uniform(x) < x.params[BLINK]:
        return
    least = least_kg(w, s, lane)
    if room < least or lane_value(w, s, x, lane, room) <= x.value[SCORE]:
        return
    if x.params[CUT] > 0.0 and uniform(x) < 0.3 and not w.lot[w.lane[lane, LANE_LOT], WHOLE]:
        room = max(least, floor(room * uniform(x)))
    if w.lane[lane, LANE_CARRIER] >= 0:
        try_carrier(w, s, x, lane, room, least)
        return
    b = w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    for i in range(min(NEIGHBOUR_SITES, w.near.shape[1])):
        node = s.site[w.near[b, i], 0]
        while node >= 0:
            try_trip(w, s, x, s.node[node, NODE_TRIP], lane, room, least)
            node = s.node[node, NODE_NEXT]
    try_new_trip(w, s, x, lane, room, least)


cdef long _random_trip(State s, Scratch x) noexcept nogil:
    """A random trip in use, with a leaning to those that cost much a kilogram; -1 if there is none."""
    cdef long found, trip, _
    cdef double best, cost
    best, found = -1.0, -1
    for _ in range(200):
        trip = below(x, max(1, s.count[TOP_TRIP]))
        if s.count[TOP_TRIP] == 0 or s.trip[trip, TRIP_CLASS] == FREE:
            continue
        cost = s.trip_real[trip, TRIP_COST] / max(1.0, s.trip_real[trip, TRIP_LOAD])
        if cost > best:
            best, found = cost, trip
        if uniform(x) < 0.5:
            break
    return found


cdef void ruin(Arena w, State s, Scratch x, double size) noexcept nogil:
    """Take a neighbourhood of about ``size`` stops apart."""
    cdef long seed
    cdef double kind
    seed = _random_trip(s, x)
    if seed < 0:
        _touch_random(w, s, x)
        return
    kind = uniform(x)
    if kind < 0.12 and _ruin_for_minimum(w, s, x):
        return
    if kind > 0.94 and _ruin_harvest(w, s, x, seed):
        return
    if kind < 0.5:
        _ruin_strings(w, s, x, seed, size)
    elif kind < 0.8:
        _ruin_trips(w, s, x, seed, size)
    else:
        _ruin_line(w, s, x, seed, size)
    if uniform(x) < 0.3:
        _touch_random(w, s, x)


cdef bint _ruin_harvest(Arena w, State s, Scratch x, long trip) noexcept nogil:
    """Take away all that goes of a harvest on a trip, so that it may go on another date; False if the trip carries none."""
    cdef long ship = s.trip[trip, TRIP_HEAD], harvest = -1, lot
    while ship >= 0 and harvest < 0:
        harvest = w.lot[w.lane[s.ship[ship, SHIP_LANE], LANE_LOT], HARVEST]
        ship = s.ship[ship, SHIP_NEXT]
    if harvest < 0:
        return False
    for lot in range(w.lot.shape[0]):
        if w.lot[lot, HARVEST] == harvest:
            while s.lot[lot, HEAD] >= 0 and is_free_to_go(w, s, s.lot[lot, HEAD]):
                remove_ship(w, s, x, s.lot[lot, HEAD])
    return True


cdef bint _ruin_for_minimum(Arena w, State s, Scratch x) noexcept nogil:
    """Free enough goods for an empty line with a minimum, to serve it first; False if no such line was met."""
    cdef long n_lines = w.line.shape[0], line = -1, k, i, n, start, lot
    cdef double found = 0.0, wanted
    for k in range(30):
        line = below(x, n_lines)
        if w.line_real[line, LINE_MIN] > 0.0 and s.line[line, HEAD] < 0 and s.line_left[line] >= w.line_real[line, LINE_MIN] and not s.line[line, LOCKED]:
            break
        line = -1
    if line < 0:
        return False
    n, start = w.line[line, LINE_END] - w.line[line, LINE_FROM], w.line[line, LINE_FROM]
    if n == 0:
        return False
    wanted = w.line_real[line, LINE_MIN] + uniform(x) * (w.line_real[line, LINE_KG] - w.line_real[line, LINE_MIN])
    k = below(x, n) if uniform(x) < 0.5 else 0
    for i in range(n):
        lot = w.lane[w.grouped[1, start + (k + i) % n], LANE_LOT]
        if s.lot[lot, LOCKED]:
            continue
        while s.lot[lot, HEAD] >= 0 and is_free_to_go(w, s, s.lot[lot, HEAD]):
            remove_ship(w, s, x, s.lot[lot, HEAD])
        found += s.lot_left[lot]
        if found >= wanted:
            break
    touch_line(s, line)
    s.line[line, FIRST] = 1
    return True


cdef void _touch_random(Arena w, State s, Scratch x) noexcept nogil:
    """Give a few open lines another chance."""
    cdef long n, line, _
    n = w.line.shape[0]
    for _ in range(10):
        line = below(x, n)
        if n > 0 and s.line_left[line] > 0.0:
            touch_line(s, line)


cdef void _ruin_strings(Arena w, State s, Scratch x, long seed, double size) noexcept nogil:
    """Remove strings of stops from trips that load near one stop of the seed trip, on about the same day."""
    cdef long centre, day, site, trip, i, _
    cdef double longest, removed
    centre = s.stop[seed, below(x, s.trip[seed, TRIP_NP]), STOP_SITE]
    day = s.stop[seed, 0, STOP_ARRIVE] // DAY
    longest = 1.0 + uniform(x) * min(size, 10.0)
    removed = 0.0
    for i in range(w.near.shape[1]):
        site = w.near[centre, i]
        for _ in range(8):
            trip = _visitor(w, s, x, site, day)
            if trip < 0:
                break
            removed += _cut_string(w, s, x, trip, site, <long>(1 + uniform(x) * longest))
            if removed >= size:
                return


cdef long _visitor(Arena w, State s, Scratch x, long site, long day) noexcept nogil:
    """A trip that loads at a site within a day of ``day`` and was not cut yet, or -1."""
    cdef long node, trip
    node = s.site[site, 0]
    while node >= 0:
        trip = s.node[node, NODE_TRIP]
        if labs(s.stop[trip, 0, STOP_ARRIVE] // DAY - day) <= 1 and find_stop(s, trip, site, 0, s.trip[trip, TRIP_NP]) >= 0 and uniform(x) < 0.7:
            return <long>(trip)
        node = s.node[node, NODE_NEXT]
    return -1


cdef long _cut_string(Arena w, State s, Scratch x, long trip, long site, long length) noexcept nogil:
    """Remove up to ``length`` loading stops in a row, one of them ``site``; return how many."""
    cdef long n_p, at, start, k
    n_p = s.trip[trip, TRIP_NP]
    length = min(length, n_p)
    at = find_stop(s, trip, site, 0, n_p)
    start = min(max(0, at - below(x, length)), n_p - length)
    if length == n_p:
        remove_trip(w, s, x, trip)
        return length
    for k in range(length):
        x.cut[k] = s.stop[trip, start + k, STOP_SITE]
    for k in range(length):
        if s.trip[trip, TRIP_CLASS] != FREE and find_stop(s, trip, x.cut[k], 0, s.trip[trip, TRIP_NP]) >= 0:
            remove_stop(w, s, x, trip, x.cut[k])
    return length


cdef void _ruin_trips(Arena w, State s, Scratch x, long seed, double size) noexcept nogil:
    """Remove whole trips that unload near the seed trip's last stop on about the same day, or load near its first."""
    cdef long n, day, centre, node, trip, i
    cdef double removed
    n = s.trip[seed, TRIP_NP] + s.trip[seed, TRIP_ND]
    day = s.stop[seed, n - 1, STOP_ARRIVE] // DAY
    centre = s.stop[seed, n - 1, STOP_SITE] if uniform(x) < 0.5 else s.stop[seed, 0, STOP_SITE]
    removed = <double>(n)
    remove_trip(w, s, x, seed)
    for i in range(w.near.shape[1]):
        node = s.site[w.near[centre, i], 0]
        while node >= 0:
            trip = s.node[node, NODE_TRIP]
            node = s.node[node, NODE_NEXT]
            if labs(s.stop[trip, 0, STOP_ARRIVE] // DAY - day) <= 1 and uniform(x) < 0.5:
                removed += s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]
                remove_trip(w, s, x, trip)
                # The list may have changed under the walk; begin the site anew on the next one.
                break
            if removed >= size:
                return
        if removed >= size:
            return


cdef void _ruin_line(Arena w, State s, Scratch x, long seed, double size) noexcept nogil:
    """Empty a line of the seed trip, and free some lots that could serve it from what they do now."""
    cdef long lane, line, n, lot, ship, _
    cdef double removed
    lane = s.ship[s.trip[seed, TRIP_HEAD], SHIP_LANE]
    line = w.lane[lane, LANE_LINE]
    removed = 0.0
    while s.line[line, HEAD] >= 0 and is_free_to_go(w, s, s.line[line, HEAD]):
        remove_ship(w, s, x, s.line[line, HEAD])
        removed += 1.0
    touch_line(s, line)
    n = w.line[line, LINE_END] - w.line[line, LINE_FROM]
    for _ in range(<long>(size)):
        lot = w.lane[w.grouped[1, w.line[line, LINE_FROM] + below(x, n)], LANE_LOT]
        ship = s.lot[lot, HEAD]
        if ship >= 0 and is_free_to_go(w, s, ship):
            remove_ship(w, s, x, ship)
            removed += 1.0
        if removed >= size:
            return


cdef void _improve(Arena w, State s, State spare, State best, Scratch x, long iterations, double hot, double cold, double size) noexcept nogil:
    """Run ``iterations`` of ruin and recreate while the temperature falls from ``hot`` to ``cold`` (VND).

    ``s`` is the current state on entry and on leaving; ``best`` receives the best state met; ``spare`` is working space.
    """
    cdef long i
    cdef double heat, before
    forget_touched(s)
    copy_state(spare, s)
    copy_state(best, s)
    for i in range(iterations):
        heat = hot * pow(cold / hot, <double>i / <double>iterations)
        x.params[ALPHA], x.params[TRIALS], x.params[ORDER] = uniform(x), MOST_TRIALS, 0.0
        # Now and then a truck is sent for less than it costs, in the hope of more goods on its way; or loads are cut short.
        x.params[DARE] = uniform(x) if uniform(x) < 0.15 else 1.0
        x.params[CUT] = 1.0 if uniform(x) < 0.05 else 0.0
        before = s.worth[0]
        ruin(w, s, x, 2.0 + uniform(x) * size)
        recreate(w, s, x)
        mend_rules(w, s, x)
        if x.params[DARE] < 1.0:
            _sweep(w, s, x)
        forget_touched(s)
        if s.worth[0] > before + heat * log(uniform(x) + 1e-300):
            copy_state(spare, s)
            if s.worth[0] > best.worth[0] + 0.5:
                copy_state(best, s)
        else:
            copy_state(s, spare)


cdef void _build(Arena w, State s, Scratch x, double alpha, double dare) noexcept nogil:
    """Fill an empty or partly filled state greedily."""
    cdef long line
    forget_touched(s)
    for line in range(w.line.shape[0]):
        touch_line(s, line)
    x.params[ALPHA], x.params[TRIALS], x.params[ORDER], x.params[DARE], x.params[CUT] = alpha, 1e9, 1.0, dare, 0.0
    recreate(w, s, x)
    mend_rules(w, s, x)
    _sweep(w, s, x)
    forget_touched(s)


cdef void _sweep(Arena w, State s, Scratch x) noexcept nogil:
    """Give up trips that cost more than they bring."""
    cdef long trip
    for trip in range(s.count[TOP_TRIP]):
        if s.trip[trip, TRIP_CLASS] != FREE and trip_gain(w, s, trip) < 0.0:
            remove_trip(w, s, x, trip)
    mend_rules(w, s, x)


cdef void _copy_trip(Arena w, State source, long trip, State target) noexcept nogil:
    """Copy a trip with all it carries into another state, which has room for it."""
    cdef long copy = new_trip(target), ship = source.trip[trip, TRIP_HEAD], k, n, harvest
    target.trip[copy, TRIP_CLASS], target.trip[copy, TRIP_ROAD] = source.trip[trip, TRIP_CLASS], source.trip[trip, TRIP_ROAD]
    target.trip[copy, TRIP_NP], target.trip[copy, TRIP_ND] = source.trip[trip, TRIP_NP], source.trip[trip, TRIP_ND]
    while ship >= 0:
        link_ship(w, target, new_ship(target), source.ship[ship, SHIP_LANE], copy, source.ship_kg[ship])
        harvest = w.lot[w.lane[source.ship[ship, SHIP_LANE], LANE_LOT], HARVEST]
        if harvest >= 0:
            target.harvest[harvest, CUT_DAY] = source.harvest[harvest, CUT_DAY]
        ship = source.ship[ship, SHIP_NEXT]
    n = source.trip[trip, TRIP_NP] + source.trip[trip, TRIP_ND]
    for k in range(n):
        target.stop_kg[copy, k] = source.stop_kg[trip, k]
        target.stop[copy, k, STOP_SITE], target.stop[copy, k, STOP_ARRIVE] = source.stop[trip, k, STOP_SITE], source.stop[trip, k, STOP_ARRIVE]
        target.stop[copy, k, STOP_LO], target.stop[copy, k, STOP_HI] = source.stop[trip, k, STOP_LO], source.stop[trip, k, STOP_HI]
        if source.trip[trip, TRIP_CLASS] != CARRIER:
            target.stop[copy, k, STOP_NODE] = new_node(target, source.stop[trip, k, STOP_SITE], copy)
    for k in range(TRIP_KM, TRIP_LARGER + 1):
        target.trip_real[copy, k] = source.trip_real[trip, k]
    if source.trip[trip, TRIP_CLASS] == CARRIER:
        post_carrier(w, target, copy, 1)
    else:
        post_trip(w, target, copy, 1)


def build(Arena w, State s, Scratch x, double alpha, double dare=1.0):
    """Fill an empty or partly filled state greedily; a new truck counts for ``dare`` times its cost while it is chosen."""
    with nogil:
        _build(w, s, x, alpha, dare)


def sweep(Arena w, State s, Scratch x):
    """Give up trips that cost more than they bring."""
    with nogil:
        _sweep(w, s, x)
        forget_touched(s)


def improve(Arena w, State s, State spare, State best, Scratch x, long iterations, double hot, double cold, double size):
    """Run ruin and recreate; see ``_improve``."""
    with nogil:
        _improve(w, s, spare, best, x, iterations, hot, cold, size)


def copy_trips(Arena w, State source, State target, long[::1] trips):
    """Copy the trips listed from one state into another."""
    cdef long i
    with nogil:
        for i in range(trips.shape[0]):
            _copy_trip(w, source, trips[i], target)
        forget_touched(target)


def copy_all(State target, State source):
    """Make a state equal to another one of the same capacity."""
    with nogil:
        copy_state(target, source)


def list_ships(State s, long[::1] out):
    """Write the shipments in use to ``out``, trip by trip; return how many there are."""
    cdef long trip, ship, n = 0
    with nogil:
        for trip in range(s.count[TOP_TRIP]):
            if s.trip[trip, TRIP_CLASS] == FREE:
                continue
            ship = s.trip[trip, TRIP_HEAD]
            while ship >= 0:
                out[n] = ship
                n += 1
                ship = s.ship[ship, SHIP_NEXT]
    return n


cdef void _reload_trip(Arena w, State s, long trip, long[::1] lanes, double[::1] kg, long start, long end) noexcept nogil:
    """Give an unbooked, empty truck trip its loads; stops keep their order and times."""
    cdef long i, k, a, b, ship
    for k in range(s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]):
        s.stop_kg[trip, k] = 0.0
    for i in range(start, end):
        ship = new_ship(s) if kg[i] >= 0.5 else -1
        if ship < 0:
            continue
        link_ship(w, s, ship, lanes[i], trip, kg[i])
        a, b = w.lot[w.lane[lanes[i], LANE_LOT], LOT_SITE], w.line[w.lane[lanes[i], LANE_LINE], LINE_SITE]
        for k in range(s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]):
            if s.stop[trip, k, STOP_SITE] == a or s.stop[trip, k, STOP_SITE] == b:
                s.stop_kg[trip, k] += kg[i]


cdef bint _books_as_it_was(Arena w, State s, Scratch x, long trip) noexcept nogil:
    """Book an unbooked trip with the class and times that it had, or say that they no longer do."""
    cdef long n, k, vehicle = s.trip[trip, TRIP_CLASS]
    _strike_empty_stops(s, trip)
    if s.trip[trip, TRIP_HEAD] < 0:
        drop_trip_record(s, trip)
        return True
    n = _windows(w, s, x, trip)
    if not (_carries(w, s, trip, vehicle, n) and _keeps_time(w, s, x, trip, vehicle, n) and _on_time(w, s, x, trip, n)):
        return False
    if _site_costs(w, s, x, -1, n, 0.0) == INF:
        return False
    for k in range(n):
        free_node(s, s.stop[trip, k, STOP_SITE], s.stop[trip, k, STOP_NODE])
    write_stops(w, s, x, trip, vehicle)
    return True


def reload(Arena w, State s, Scratch x, long[::1] trips, long[::1] start, long[::1] lanes, double[::1] kg, long[::1] failed):
    """Give truck trips new loads: ``trips[i]`` gets ``kg`` of ``lanes`` in rows ``start[i]`` to ``start[i + 1]``.

    The loads' sites must be stops of the trip. Stops left empty go. Trips that keep their times go first, so that the others are timed
    around them; those that can't be timed at all are given up and listed in ``failed``. Returns how many those are.
    """
    cdef long i, n = trips.shape[0], n_late = 0, n_failed = 0
    with nogil:
        for i in range(n):
            post_trip(w, s, trips[i], -1)
            while s.trip[trips[i], TRIP_HEAD] >= 0:
                unlink_ship(w, s, s.trip[trips[i], TRIP_HEAD])
        for i in range(n):
            _reload_trip(w, s, trips[i], lanes, kg, start[i], start[i + 1])
        for i in range(n):
            if not _books_as_it_was(w, s, x, trips[i]):
                failed[n_late] = trips[i]
                n_late += 1
        for i in range(n_late):
            settle(w, s, x, failed[i])
            if s.trip[failed[i], TRIP_CLASS] == FREE:
                failed[n_failed] = failed[i]
                n_failed += 1
        for i in range(n):
            if s.trip[trips[i], TRIP_CLASS] != FREE:
                # Less to carry may do with a smaller truck.
                post_trip(w, s, trips[i], -1)
                settle(w, s, x, trips[i])
        mend_rules(w, s, x)
        _sweep(w, s, x)
        forget_touched(s)
    return n_failed
