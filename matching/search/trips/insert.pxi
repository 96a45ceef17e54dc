cdef enum:
    NO_TRIP = -1
    NEW_TRIP = -2
    NEW_CARRIER = -3

# Scratch.choice, the best trial so far, and Scratch.value, its score and mass.
cdef enum:
    TRIP = 0, LANE, CLASS, PICK_AT, DROP_AT, PICK_IS, DROP_IS, DAY_OF

cdef enum:
    SCORE = 0, KG

# Scratch.params
cdef enum:
    ALPHA = 0, BLINK, ORDER, DARE, CUT, TRIALS


cdef struct Place:
    # Where a stop could go: its detour with the ways from and to the base, without them, and its place in the order.
    double cost, km
    long at


cdef double uniform(Scratch x) noexcept nogil:
    """Next number in [0, 1) (SplitMix64, doi:10.1145/2660193.2660195)."""
    cdef unsigned long long z
    x.random += 0x9E3779B97F4A7C15ULL
    z = x.random
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL
    z = z ^ (z >> 31)
    return <double>(z >> 11) * (1.0 / 9007199254740992.0)


cdef void clear_choice(Scratch x) noexcept nogil:
    """Forget the best trial; only gains count."""
    x.choice[TRIP] = NO_TRIP
    x.value[SCORE] = 0.0


cdef double lane_room(Arena w, State s, long lane) noexcept nogil:
    """Kilograms of a lane that quantities and the line's rules on suppliers still admit, and 0 if none."""
    cdef long lot, line
    cdef double kg
    lot, line = w.lane[lane, LANE_LOT], w.lane[lane, LANE_LINE]
    kg = min(s.lot_left[lot], s.line_left[line])
    if kg <= 0.0 or s.lot[lot, LOCKED] or s.line[line, LOCKED]:
        return 0.0
    if w.lot[lot, WHOLE] and (s.lot_left[lot] < w.lot_real[lot, LOT_KG] or s.line_left[line] < w.lot_real[lot, LOT_KG]):
        return 0.0
    if w.line[line, SUPPLIERS] <= w.line_real[line, LINE_KG] and not _supplier_fits(w, s, line, w.lot[lot, SUPPLIER]):
        return 0.0
    return kg


cdef bint _supplier_fits(Arena w, State s, long line, long supplier) noexcept nogil:
    """Whether a supplier already serves the line or may be one more."""
    cdef long others, ship, mine, first, before
    others = 0
    ship = s.line[line, HEAD]
    while ship >= 0:
        mine = w.lot[w.lane[s.ship[ship, SHIP_LANE], LANE_LOT], SUPPLIER]
        if mine == supplier:
            return True
        first = True
        before = s.line[line, HEAD]
        while before != ship:
            if w.lot[w.lane[s.ship[before, SHIP_LANE], LANE_LOT], SUPPLIER] == mine:
                first = False
                break
            before = s.ship[before, SHIP_LINE_NEXT]
        if first:
            others += 1
        ship = s.ship[ship, SHIP_LINE_NEXT]
    return others < w.line[line, SUPPLIERS]


cdef double least_kg(Arena w, State s, long lane) noexcept nogil:
    """Smallest mass that one more shipment of the lane may have at once: whole lots, minimum takes, minimum per supplier."""
    cdef long lot, line, ship
    cdef double least, has
    lot, line = w.lane[lane, LANE_LOT], w.lane[lane, LANE_LINE]
    if w.lot[lot, WHOLE]:
        return w.lot_real[lot, LOT_KG]
    least = max(1.0, w.lot_real[lot, LOT_MIN] - (w.lot_real[lot, LOT_KG] - s.lot_left[lot]))
    if w.line_real[line, SUPPLIER_KG] > 0.0:
        has = 0.0
        ship = s.line[line, HEAD]
        while ship >= 0:
            if w.lot[w.lane[s.ship[ship, SHIP_LANE], LANE_LOT], SUPPLIER] == w.lot[lot, SUPPLIER]:
                has += s.ship_kg[ship]
            ship = s.ship[ship, SHIP_LINE_NEXT]
        least = max(least, w.line_real[line, SUPPLIER_KG] - has)
    return least


cdef double lane_value(Arena w, State s, Scratch x, long lane, double kg) noexcept nogil:
    """What ``kg`` of a lane are worth to the search before the trip's cost."""
    cdef long pin
    cdef double value
    value = kg * (w.lane_real[lane, MARGIN] - x.params[0] * w.lane_real[lane, PRICE])
    pin = w.lane[lane, LANE_PIN]
    if pin >= 0 and s.pin_left[pin] > 0.0:
        value += PIN_WORTH * min(kg, s.pin_left[pin])
    return value


cdef long find_stop(State s, long trip, long site, long start, long end) noexcept nogil:
    """Position of a site among a trip's stops ``start`` to ``end``, or -1."""
    cdef long k
    for k in range(start, end):
        if s.stop[trip, k, STOP_SITE] == site:
            return k
    return -1


cdef void try_trip(Arena w, State s, Scratch x, long trip, long lane, double room, double least) noexcept nogil:
    """Score ``lane`` on an existing truck trip and remember it in ``x`` if it is the best trial so far."""
    cdef long a, b, n_p, n_d, n, pick_is, drop_is, more
    cdef double km
    a, b = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    n_p, n_d = s.trip[trip, TRIP_NP], s.trip[trip, TRIP_ND]
    n = n_p + n_d
    # Far days cannot meet: most trips are dismissed here.
    if s.stop[trip, n - 1, STOP_ARRIVE] // DAY < w.lane[lane, LANE_FROM] - 1 or s.stop[trip, 0, STOP_ARRIVE] // DAY > w.lane[lane, LANE_DELIVER_UNTIL] + 1:
        return
    pick_is, drop_is = find_stop(s, trip, a, 0, n_p), find_stop(s, trip, b, n_p, n)
    if pick_is >= 0 and (s.stop[trip, pick_is, STOP_LO] > w.lane[lane, LANE_UNTIL] or s.stop[trip, pick_is, STOP_HI] < w.lane[lane, LANE_FROM]):
        return
    if drop_is >= 0 and (s.stop[trip, drop_is, STOP_LO] > w.lane[lane, LANE_DELIVER_UNTIL] or s.stop[trip, drop_is, STOP_HI] < w.lane[lane, LANE_DELIVER_FROM]):
        return
    if (pick_is < 0 and find_stop(s, trip, a, n_p, n) >= 0) or (drop_is < 0 and find_stop(s, trip, b, 0, n_p) >= 0):
        return
    more = (1 if pick_is < 0 else 0) + (1 if drop_is < 0 else 0)
    if n + more > s.stop.shape[1]:
        return
    if _most_value(w, s, x, trip, lane, room, least) <= x.value[SCORE]:
        return
    cdef long pick_at = 0, drop_at = 0
    km = _best_positions(w, s, trip, a, b, pick_is, drop_is, &pick_at, &drop_at)
    _choose_class(w, s, x, trip, lane, room, least, pick_at, drop_at, pick_is, drop_is, s.trip_real[trip, TRIP_KM] + km)


cdef double _most_value(Arena w, State s, Scratch x, long trip, long lane, double room, double least) noexcept nogil:
    """What a lane could be worth on a trip if the detour were free: in the truck that it has, or in a larger one at its price."""
    cdef double best = 0.0, kg = _class_room(w, s, trip, s.trip[trip, TRIP_CLASS], lane, room)
    if kg >= least:
        best = lane_value(w, s, x, lane, kg)
    if kg >= room:
        return best
    kg = min(room, w.largest_kg - s.trip_real[trip, TRIP_LOAD])
    return max(best, lane_value(w, s, x, lane, kg) - s.trip_real[trip, TRIP_LARGER]) if kg >= least else best


cdef Place _cheapest(Arena w, State s, long trip, long site, long start, long end, long n, long base) noexcept nogil:
    """Cheapest place for a new stop among ``start`` to ``end``."""
    cdef Place best
    cdef double km, ends = 0.0
    cdef long i
    best.cost, best.km, best.at = INF, 0.0, start
    for i in range(start, end):
        km = _detour(w, s, trip, site, i, n, base, &ends)
        if km + ends < best.cost:
            best.cost, best.km, best.at = km + ends, km, i
    return best


cdef double _best_positions(Arena w, State s, long trip, long a, long b, long pick_is, long drop_is, long* pick_at, long* drop_at) noexcept nogil:
    """Cheapest places for the new stops and the kilometres between stops that they add.

    Each has the best place for itself, unless both go between loading and unloading.
    """
    cdef long n_p = s.trip[trip, TRIP_NP], n = n_p + s.trip[trip, TRIP_ND], base = w.vehicle[s.trip[trip, TRIP_CLASS], BASE], before, after
    cdef Place early, late, gap
    cdef double best, best_km, km
    early.cost = early.km = late.cost = late.km = 0.0
    early.at, late.at = 0, n_p
    if pick_is < 0:
        early = _cheapest(w, s, trip, a, 0, n_p, n, base)
    if drop_is < 0:
        late = _cheapest(w, s, trip, b, n_p + 1, n + 1, n, base)
    best, best_km, pick_at[0], drop_at[0] = early.cost + late.cost, early.km + late.km, early.at, late.at
    if pick_is < 0:
        gap = _cheapest(w, s, trip, a, n_p, n_p + 1, n, base)
        if gap.cost + late.cost < best:
            best, best_km, pick_at[0] = gap.cost + late.cost, gap.km + late.km, n_p
    if drop_is < 0:
        gap = _cheapest(w, s, trip, b, n_p, n_p + 1, n, base)
        if early.cost + gap.cost < best:
            best, best_km, pick_at[0], drop_at[0] = early.cost + gap.cost, early.km + gap.km, early.at, n_p
    if pick_is < 0 and drop_is < 0:
        before, after = s.stop[trip, n_p - 1, STOP_SITE], s.stop[trip, n_p, STOP_SITE]
        km = w.km[before, a] + w.km[a, b] + w.km[b, after] - w.km[before, after]
        if km < best:
            best_km, pick_at[0], drop_at[0] = km, n_p, n_p
    return best_km


cdef double _detour(Arena w, State s, long trip, long site, long at, long n, long base, double* ends) noexcept nogil:
    """Kilometres that a stop at place ``at`` adds between stops; in ``ends`` those on the ways from and to the base."""
    cdef long first, before, after
    ends[0] = 0.0
    if at == 0:
        first = s.stop[trip, 0, STOP_SITE]
        if base >= 0:
            ends[0] = w.km[base, site] - w.km[base, first]
        return w.km[site, first]
    before = s.stop[trip, at - 1, STOP_SITE]
    if at == n:
        if base >= 0:
            ends[0] = w.km[site, base] - w.km[before, base]
        return w.km[before, site]
    after = s.stop[trip, at, STOP_SITE]
    return w.km[before, site] + w.km[site, after] - w.km[before, after]


cdef void _choose_class(Arena w, State s, Scratch x, long trip, long lane, double room, double least, long pick_at, long drop_at, long pick_is, long drop_is, double km) noexcept nogil:
    """Score every class that could make the lengthened trip; keep the best that the clock admits, if it beats the best trial."""
    cdef long n, a, b, first, last, stops, refused, vehicle, _, c
    cdef double best, best_kg, kg, score
    n = s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]
    a, b = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    first = a if pick_is < 0 and pick_at == 0 else s.stop[trip, 0, STOP_SITE]
    last = b if drop_is < 0 and drop_at == n else s.stop[trip, n - 1, STOP_SITE]
    stops = n + (1 if pick_is < 0 else 0) + (1 if drop_is < 0 else 0)
    refused = -1
    for _ in range(2):
        best, vehicle, best_kg = x.value[SCORE], -1, 0.0
        for c in range(w.vehicle.shape[0]):
            if c == refused:
                continue
            kg = _class_room(w, s, trip, c, lane, room)
            if kg < least or stops > w.vehicle[c, MAX_STOPS]:
                continue
            score = lane_value(w, s, x, lane, kg) - (trip_cost_vnd(w, c, km, first, last) - s.trip_real[trip, TRIP_COST])
            if score > best and _doors_admit(w, s, trip, c, a, b):
                best, vehicle, best_kg = score, c, kg
        if vehicle < 0:
            return
        kg = _timed_kg(w, s, x, trip, lane, vehicle, best_kg, least, pick_at, drop_at, pick_is, drop_is)
        if kg > 0.0:
            best += lane_value(w, s, x, lane, kg) - lane_value(w, s, x, lane, best_kg) - _site_costs(w, s, x, trip, stops, kg)
            if best > x.value[SCORE]:
                _remember(x, trip, lane, vehicle, pick_at, drop_at, pick_is, drop_is, best, kg)
            return
        refused = vehicle


cdef double _timed_kg(Arena w, State s, Scratch x, long trip, long lane, long vehicle, double kg, double least, long pick_at, long drop_at, long pick_is, long drop_is) noexcept nogil:
    """Most kilograms up to ``kg`` that the clock and the sites' throughput admit, timed in ``x``; 0 if not even ``least``.

    A stop lasts longer the more is moved, so less may still be in time.
    """
    cdef double low = least, high = kg
    cdef long k
    if not _timed(w, s, x, trip, lane, vehicle, kg, pick_at, drop_at, pick_is, drop_is):
        if w.lot[w.lane[lane, LANE_LOT], WHOLE] or not _timed(w, s, x, trip, lane, vehicle, least, pick_at, drop_at, pick_is, drop_is):
            return 0.0
        for k in range(8):
            kg = floor((low + high) / 2.0)
            if _timed(w, s, x, trip, lane, vehicle, kg, pick_at, drop_at, pick_is, drop_is):
                low = kg
            else:
                high = kg
        kg = low
        _timed(w, s, x, trip, lane, vehicle, kg, pick_at, drop_at, pick_is, drop_is)
    return kg


cdef void _remember(Scratch x, long trip, long lane, long vehicle, long pick_at, long drop_at, long pick_is, long drop_is, double score, double kg) noexcept nogil:
    x.choice[TRIP], x.choice[LANE], x.choice[CLASS] = trip, lane, vehicle
    x.choice[PICK_AT], x.choice[DROP_AT], x.choice[PICK_IS], x.choice[DROP_IS] = pick_at, drop_at, pick_is, drop_is
    x.value[SCORE], x.value[KG] = score, kg


cdef double _class_room(Arena w, State s, long trip, long c, long lane, double room) noexcept nogil:
    """Whole kilograms of a lane that a class can still carry on the trip."""
    cdef long lot
    cdef double kg
    lot = w.lane[lane, LANE_LOT]
    if not w.vehicle[c, REFRIGERATED] and (w.lot[lot, COLD] or s.trip[trip, TRIP_COLD] > 0):
        return 0.0
    kg = min(room, w.vehicle_real[c, PAYLOAD] - s.trip_real[trip, TRIP_LOAD])
    if w.lot_real[lot, LITRES] > 0.0:
        kg = min(kg, floor((w.vehicle_real[c, VOLUME] - s.trip_real[trip, TRIP_LITRES]) / w.lot_real[lot, LITRES] + 1e-9))
    return kg


cdef bint admits(Arena w, long site, long c) noexcept nogil:
    """Whether a class may ever stand at a site."""
    cdef long k
    for k in range(w.hours.shape[2]):
        if w.hours[site, c, k, 1] >= 0:
            return True
    return False


cdef bint _doors_admit(Arena w, State s, long trip, long c, long a, long b) noexcept nogil:
    cdef long k
    if not (admits(w, a, c) and admits(w, b, c)):
        return False
    if c == s.trip[trip, TRIP_CLASS]:
        return True
    for k in range(s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]):
        if not admits(w, s.stop[trip, k, STOP_SITE], c):
            return False
    return True


cdef bint _timed(Arena w, State s, Scratch x, long trip, long lane, long vehicle, double kg, long pick_at, long drop_at, long pick_is, long drop_is) noexcept nogil:
    """Lay the lengthened trip out in ``x`` and time it; False where the clock or a daily count refuses."""
    cdef long n, k
    if trip < 0:
        n = 2
        _put(w, x, 0, w.lot[w.lane[lane, LANE_LOT], LOT_SITE], kg, first_day(w, s, lane), last_day(w, s, lane))
        _put(w, x, 1, w.line[w.lane[lane, LANE_LINE], LINE_SITE], kg, w.lane[lane, LANE_DELIVER_FROM], w.lane[lane, LANE_DELIVER_UNTIL])
    else:
        n = lay_out(w, s, x, trip, lane, kg, pick_at, drop_at, pick_is, drop_is)
    for k in range(n):
        if x.seq[SEQ_LO, k] > x.seq[SEQ_HI, k]:
            return False
        x.seq[SEQ_DUR, k] = stop_minutes(w, x.seq[SEQ_SITE, k], x.kg[k])
    return time_it(w, s, x, trip, lane, vehicle, n)


cdef bint time_it(Arena w, State s, Scratch x, long trip, long lane, long vehicle, long n) noexcept nogil:
    """Time the stops laid out in ``x``, keeping daily counts and each shipment's most days on the way."""
    cdef long not_before, old, day, late, _
    not_before = 0
    old = -1
    if trip >= 0 and s.trip[trip, TRIP_CLASS] == vehicle:
        old = s.stop[trip, 0, STOP_ARRIVE] // DAY
    for _ in range(6 + w.horizon[0]):
        if not schedule(w, vehicle, n, x.seq, not_before):
            return False
        day = x.seq[SEQ_ARRIVE, 0] // DAY
        if s.used[vehicle, day] - (1 if day == old else 0) >= w.vehicle[vehicle, COUNT_LIMIT]:
            not_before = (x.seq[SEQ_ARRIVE, 0] // DAY + 1) * DAY
            continue
        if not _sites_have_room(w, s, x, trip, n):
            not_before = (x.seq[SEQ_ARRIVE, 0] // DAY + 1) * DAY
            continue
        late = _too_long(w, s, x, trip, lane, n)
        if late < 0:
            return True
        not_before = max(late * DAY, x.seq[SEQ_ARRIVE, 0] + 1)
    return False


cdef bint _sites_have_room(Arena w, State s, Scratch x, long trip, long n) noexcept nogil:
    """Whether every stop's site can move the stop's kilograms on the day timed in ``x``; a booked trip's own are not counted twice."""
    cdef long k, j, site, day
    cdef double mine
    for k in range(n):
        site, day = x.seq[SEQ_SITE, k], x.seq[SEQ_ARRIVE, k] // DAY
        if w.site[site, THROUGHPUT] > 1e15:
            continue
        mine = 0.0
        if trip >= 0:
            j = find_stop(s, trip, site, 0, s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND])
            if j >= 0 and s.stop[trip, j, STOP_ARRIVE] // DAY == day:
                mine = s.stop_kg[trip, j]
        if s.flow[site, day] - mine + x.kg[k] > w.room[site, day] + 1e-6:
            return False
    return True


cdef long _too_long(Arena w, State s, Scratch x, long trip, long lane, long n) noexcept nogil:
    """Return -1 if all goods arrive within their most days on the way, else an earliest day for a new try."""
    cdef long late, ship
    if x.seq[SEQ_ARRIVE, n - 1] // DAY - x.seq[SEQ_ARRIVE, 0] // DAY == 0:
        return -1
    late = _overdue(w, x, lane, n) if lane >= 0 else -1
    if late >= 0 or trip < 0:
        return late
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0:
        late = _overdue(w, x, s.ship[ship, SHIP_LANE], n)
        if late >= 0:
            return late
        ship = s.ship[ship, SHIP_NEXT]
    return -1


cdef long _overdue(Arena w, Scratch x, long lane, long n) noexcept nogil:
    """Day on which a lane's goods would have to be picked up to arrive in time, or -1 if they do arrive in time."""
    cdef long a, b, picked, dropped, k
    a, b = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    picked = dropped = 0
    for k in range(n):
        if x.seq[SEQ_SITE, k] == a:
            picked = x.seq[SEQ_ARRIVE, k] // DAY
        elif x.seq[SEQ_SITE, k] == b:
            dropped = x.seq[SEQ_ARRIVE, k] // DAY
    return dropped - w.lane[lane, LANE_DAYS] if dropped - picked > w.lane[lane, LANE_DAYS] else -1


cdef long lay_out(Arena w, State s, Scratch x, long trip, long lane, double kg, long pick_at, long drop_at, long pick_is, long drop_is) noexcept nogil:
    """Write the trip's stops with the lane's stops put in into ``x``; return how many there are."""
    cdef long a, b, n_p, n_old, n, k
    a, b = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    n_p = s.trip[trip, TRIP_NP]
    n_old = n_p + s.trip[trip, TRIP_ND]
    n = 0
    for k in range(n_old + 1):
        if pick_is < 0 and k == pick_at:
            n = _put(w, x, n, a, kg, first_day(w, s, lane), last_day(w, s, lane))
        if drop_is < 0 and k == drop_at:
            n = _put(w, x, n, b, kg, w.lane[lane, LANE_DELIVER_FROM], w.lane[lane, LANE_DELIVER_UNTIL])
        if k == n_old:
            break
        n = _put(w, x, n, s.stop[trip, k, STOP_SITE], s.stop_kg[trip, k], s.stop[trip, k, STOP_LO], s.stop[trip, k, STOP_HI])
        if k == pick_is:
            x.kg[n - 1] += kg
            x.seq[SEQ_LO, n - 1], x.seq[SEQ_HI, n - 1] = max(x.seq[SEQ_LO, n - 1], first_day(w, s, lane)), min(x.seq[SEQ_HI, n - 1], last_day(w, s, lane))
        if k == drop_is:
            x.kg[n - 1] += kg
            x.seq[SEQ_LO, n - 1], x.seq[SEQ_HI, n - 1] = max(x.seq[SEQ_LO, n - 1], w.lane[lane, LANE_DELIVER_FROM]), min(x.seq[SEQ_HI, n - 1], w.lane[lane, LANE_DELIVER_UNTIL])
    return n


cdef long _put(Arena w, Scratch x, long n, long site, double kg, long lo, long hi) noexcept nogil:
    x.seq[SEQ_SITE, n], x.kg[n], x.seq[SEQ_LO, n], x.seq[SEQ_HI, n] = site, kg, lo, hi
    return n + 1


cdef double _site_costs(Arena w, State s, Scratch x, long trip, long n, double kg) noexcept nogil:
    """Openings that the timed stops in ``x`` would newly pay; inf where a site's throughput would be exceeded."""
    cdef long site, day, mine, j, loading, k
    cdef double cost, mine_kg
    cost = 0.0
    for k in range(n):
        site, day = x.seq[SEQ_SITE, k], x.seq[SEQ_ARRIVE, k] // DAY
        if w.site[site, OPENING_VND] <= 0.0 and w.site[site, THROUGHPUT] > 1e15:
            continue
        mine, mine_kg = 0, 0.0
        if trip >= 0:
            j = find_stop(s, trip, site, 0, s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND])
            if j >= 0:
                if s.stop[trip, j, STOP_ARRIVE] // DAY == day:
                    mine, mine_kg = 1, s.stop_kg[trip, j]
                elif s.calls[site, s.stop[trip, j, STOP_ARRIVE] // DAY] == 1:
                    cost -= w.site[site, OPENING_VND]
        if s.calls[site, day] - mine == 0 and mine == 0:
            cost += w.site[site, OPENING_VND]
        loading = k < n - 1 and _loads(w, s, trip, site)
        if loading != w.site[site, COUNTS_UNLOADING] and s.flow[site, day] - mine_kg + x.kg[k] > w.room[site, day]:
            return INF
    return cost


cdef bint _loads(Arena w, State s, long trip, long site) noexcept nogil:
    """Whether a site is where goods are loaded: places that receive are told by their kind."""
    return not w.site[site, COUNTS_UNLOADING]


cdef void try_new_trip(Arena w, State s, Scratch x, long lane, double room, double least) noexcept nogil:
    """Score a truck of its own for a lane."""
    cdef long a, b, lot, refused, vehicle, _, c
    cdef double best, best_kg, kg, score
    a, b = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    lot = w.lane[lane, LANE_LOT]
    if a == b:
        return
    refused = -1
    for _ in range(2):
        best, vehicle, best_kg = x.value[SCORE], -1, 0.0
        for c in range(w.vehicle.shape[0]):
            if c == refused or (w.lot[lot, COLD] and not w.vehicle[c, REFRIGERATED]) or w.vehicle[c, MAX_STOPS] < 2:
                continue
            kg = min(room, w.vehicle_real[c, PAYLOAD])
            if w.lot_real[lot, LITRES] > 0.0:
                kg = min(kg, floor(w.vehicle_real[c, VOLUME] / w.lot_real[lot, LITRES] + 1e-9))
            if kg < least:
                continue
            score = lane_value(w, s, x, lane, kg) - x.params[DARE] * trip_cost_vnd(w, c, w.km[a, b], a, b)
            if score > best and admits(w, a, c) and admits(w, b, c):
                best, vehicle, best_kg = score, c, kg
        if vehicle < 0:
            return
        kg = _timed_kg(w, s, x, -1, lane, vehicle, best_kg, least, 0, 0, -1, -1)
        if kg > 0.0:
            best += lane_value(w, s, x, lane, kg) - lane_value(w, s, x, lane, best_kg) - _site_costs(w, s, x, -1, 2, kg)
            if best > x.value[SCORE]:
                _remember(x, NEW_TRIP, lane, vehicle, 0, 0, -1, -1, best, kg)
            return
        refused = vehicle


cdef void try_carrier(Arena w, State s, Scratch x, long lane, double room, double least) noexcept nogil:
    """Score each admissible day of a lane's carrier."""
    cdef long road, a, b, transit, first, last, day
    cdef double kg, pick_room, drop_room, cost, score
    road = w.lane[lane, LANE_CARRIER]
    if road < 0:
        return
    a, b, transit = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE], <long>(w.carrier[road, TRANSIT])
    if transit > w.lane[lane, LANE_DAYS]:
        return
    first, last = max(first_day(w, s, lane), w.lane[lane, LANE_DELIVER_FROM] - transit), min(last_day(w, s, lane), w.lane[lane, LANE_DELIVER_UNTIL] - transit)
    for day in range(first, last + 1):
        kg = min(room, w.carrier[road, CAPACITY] - s.flow[w.km.shape[0] + road, day])
        pick_room, drop_room = w.room[a, day] - s.flow[a, day], w.room[b, day + transit] - s.flow[b, day + transit]
        kg = min(kg, pick_room if not w.site[a, COUNTS_UNLOADING] else kg, drop_room if w.site[b, COUNTS_UNLOADING] else kg)
        if kg < least:
            continue
        cost = rint(kg * w.carrier[road, RATE]) + (w.carrier[road, CHARGE] if s.calls[w.km.shape[0] + road, day] == 0 else 0.0)
        cost += (w.site[a, OPENING_VND] if s.calls[a, day] == 0 else 0.0) + (w.site[b, OPENING_VND] if s.calls[b, day + transit] == 0 else 0.0)
        score = lane_value(w, s, x, lane, kg) - cost
        if score > x.value[SCORE]:
            _remember(x, NEW_CARRIER, lane, CARRIER, 0, 0, -1, -1, score, kg)
            x.choice[DAY_OF] = day


cdef long commit(Arena w, State s, Scratch x) noexcept nogil:
    """Carry the best trial out; return its trip, or -1 when the state is full."""
    cdef long lane, trip, ship, fresh
    cdef double kg
    lane, kg, trip = x.choice[LANE], x.value[KG], x.choice[TRIP]
    if trip == NEW_TRIP:
        return _commit_new(w, s, x, lane, kg)
    if trip == NEW_CARRIER:
        return _commit_carrier(w, s, x, lane, kg)
    ship = _ship_of(s, trip, lane)
    fresh = ship < 0
    if fresh:
        ship = new_ship(s)
        if ship < 0:
            return -1
    # The trial is timed again while the trip is still booked, so that it comes out as it was scored.
    _timed(w, s, x, trip, lane, x.choice[CLASS], kg, x.choice[PICK_AT], x.choice[DROP_AT], x.choice[PICK_IS], x.choice[DROP_IS])
    post_trip(w, s, trip, -1)
    if fresh:
        link_ship(w, s, ship, lane, trip, kg)
    else:
        add_kg(w, s, ship, kg)
    _grow(w, s, x, trip)
    return <long>(trip)


cdef long _ship_of(State s, long trip, long lane) noexcept nogil:
    """The trip's shipment of a lane, or -1."""
    cdef long ship
    ship = s.trip[trip, TRIP_HEAD]
    while ship >= 0 and s.ship[ship, SHIP_LANE] != lane:
        ship = s.ship[ship, SHIP_NEXT]
    return <long>(ship)


cdef void _grow(Arena w, State s, Scratch x, long trip) noexcept nogil:
    """Give an unbooked trip the stops timed in ``x`` for the best trial, and book it."""
    cdef long k
    for k in range(s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]):
        free_node(s, s.stop[trip, k, STOP_SITE], s.stop[trip, k, STOP_NODE])
    s.trip[trip, TRIP_NP] += 1 if x.choice[PICK_IS] < 0 else 0
    s.trip[trip, TRIP_ND] += 1 if x.choice[DROP_IS] < 0 else 0
    write_stops(w, s, x, trip, x.choice[CLASS])


cdef void write_stops(Arena w, State s, Scratch x, long trip, long vehicle) noexcept nogil:
    """Write the timed stops in ``x`` to an unbooked trip without nodes, and book it."""
    cdef long n, k
    cdef double km
    n = s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]
    km = 0.0
    for k in range(n):
        s.stop[trip, k, STOP_SITE], s.stop[trip, k, STOP_ARRIVE], s.stop_kg[trip, k] = x.seq[SEQ_SITE, k], x.seq[SEQ_ARRIVE, k], x.kg[k]
        s.stop[trip, k, STOP_LO], s.stop[trip, k, STOP_HI] = x.seq[SEQ_LO, k], x.seq[SEQ_HI, k]
        s.stop[trip, k, STOP_NODE] = new_node(s, x.seq[SEQ_SITE, k], trip)
        if k > 0:
            km += w.km[x.seq[SEQ_SITE, k - 1], x.seq[SEQ_SITE, k]]
    s.trip[trip, TRIP_CLASS], s.trip_real[trip, TRIP_KM] = vehicle, km
    s.trip_real[trip, TRIP_COST] = trip_cost_vnd(w, vehicle, km, x.seq[SEQ_SITE, 0], x.seq[SEQ_SITE, n - 1])
    s.trip_real[trip, TRIP_LARGER] = larger_vnd(w, vehicle, km, x.seq[SEQ_SITE, 0], x.seq[SEQ_SITE, n - 1], s.trip_real[trip, TRIP_COST])
    settle_cuts(w, s, trip)
    post_trip(w, s, trip, 1)


cdef long _commit_new(Arena w, State s, Scratch x, long lane, double kg) noexcept nogil:
    cdef long ship, trip, a, b, vehicle
    ship = new_ship(s)
    if ship < 0:
        return -1
    trip = new_trip(s)
    if trip < 0:
        give_ship(s, ship)
        return -1
    a, b, vehicle = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE], x.choice[CLASS]
    _timed(w, s, x, -1, lane, vehicle, kg, 0, 0, -1, -1)
    s.trip[trip, TRIP_NP] = s.trip[trip, TRIP_ND] = 1
    link_ship(w, s, ship, lane, trip, kg)
    write_stops(w, s, x, trip, vehicle)
    return trip


cdef long _commit_carrier(Arena w, State s, Scratch x, long lane, double kg) noexcept nogil:
    """Give a carrier one more consignment; each has a trip of its own, so that its freight is rounded by itself."""
    cdef long ship, trip, road
    ship = new_ship(s)
    if ship < 0:
        return -1
    trip = new_trip(s)
    if trip < 0:
        give_ship(s, ship)
        return -1
    road = w.lane[lane, LANE_CARRIER]
    s.trip[trip, TRIP_CLASS], s.trip[trip, TRIP_ROAD] = CARRIER, road
    s.stop[trip, 0, STOP_SITE], s.stop[trip, 1, STOP_SITE] = w.lot[w.lane[lane, LANE_LOT], LOT_SITE], w.line[w.lane[lane, LANE_LINE], LINE_SITE]
    s.stop[trip, 0, STOP_ARRIVE] = x.choice[DAY_OF] * DAY
    s.stop[trip, 1, STOP_ARRIVE] = (x.choice[DAY_OF] + <long>(w.carrier[road, TRANSIT])) * DAY
    s.trip[trip, TRIP_NP] = s.trip[trip, TRIP_ND] = 1
    s.stop_kg[trip, 0] = s.stop_kg[trip, 1] = kg
    link_ship(w, s, ship, lane, trip, kg)
    s.trip_real[trip, TRIP_COST] = rint(kg * w.carrier[road, RATE])
    settle_cuts(w, s, trip)
    post_carrier(w, s, trip, 1)
    return trip


cdef void drop_trip_record(State s, long trip) noexcept nogil:
    """Give back a trip that has lost all shipments and is unbooked."""
    cdef long k
    if s.trip[trip, TRIP_CLASS] != CARRIER:
        for k in range(s.trip[trip, TRIP_NP] + s.trip[trip, TRIP_ND]):
            free_node(s, s.stop[trip, k, STOP_SITE], s.stop[trip, k, STOP_NODE])
    free_trip(s, trip)
