# Columns of the packed arrays; the column after a list's link points back.
# State.ship
cdef enum:
    SHIP_NEXT = 0, SHIP_PREV, SHIP_LOT_NEXT, SHIP_LOT_PREV, SHIP_LINE_NEXT, SHIP_LINE_PREV, SHIP_LANE, SHIP_TRIP

# State.trip
cdef enum:
    TRIP_CLASS = 0, TRIP_NP, TRIP_ND, TRIP_COLD, TRIP_HEAD, TRIP_ROAD

# State.trip_real
cdef enum:
    TRIP_LOAD = 0, TRIP_LITRES, TRIP_KM, TRIP_COST, TRIP_LARGER

# State.stop
cdef enum:
    STOP_SITE = 0, STOP_ARRIVE, STOP_LO, STOP_HI, STOP_NODE

# State.node
cdef enum:
    NODE_NEXT = 0, NODE_PREV, NODE_TRIP

# State.lot and State.line
cdef enum:
    HEAD = 0, LOCKED, MARK, FIRST

# State.harvest: shipments of the lots of one harvest, and the date on which all of them are picked up
cdef enum:
    CUT_SHIPS = 0, CUT_DAY

# Scratch.seq
cdef enum:
    SEQ_SITE = 0, SEQ_DUR, SEQ_LO, SEQ_HI, SEQ_ARRIVE

# Arena.vehicle
cdef enum:
    SPEED = 0, REFRIGERATED, BASE, COUNT_LIMIT, MAX_STOPS

# Arena.vehicle_real
cdef enum:
    PAYLOAD = 0, VOLUME, FIXED, MAX_MINUTES

# Arena.site
cdef enum:
    STOP_MIN = 0, MIN_PER_KG, OPENING_VND, THROUGHPUT, COUNTS_UNLOADING

# Arena.lot
cdef enum:
    LOT_SITE = 0, SUPPLIER, WHOLE, COLD, LOT_FROM, LOT_END, HARVEST

# Arena.lot_real
cdef enum:
    LOT_KG = 0, LOT_MIN, LITRES

# Arena.line
cdef enum:
    LINE_SITE = 0, SUPPLIERS, LINE_FROM, LINE_END

# Arena.line_real
cdef enum:
    LINE_KG = 0, LINE_MIN, SUPPLIER_KG

# Arena.lane
cdef enum:
    LANE_LOT = 0, LANE_LINE, LANE_FROM, LANE_UNTIL, LANE_DELIVER_FROM, LANE_DELIVER_UNTIL, LANE_DAYS, LANE_PIN, LANE_CARRIER

# Arena.lane_real
cdef enum:
    MARGIN = 0, PRICE

# Arena.carrier
cdef enum:
    RATE = 0, CHARGE, CAPACITY, TRANSIT

