"""Names of the columns of the packed arrays that the compiled loops work on. The column after a list's link points back."""

from __future__ import annotations

# State.ship
SHIP_NEXT, SHIP_PREV, SHIP_LOT_NEXT, SHIP_LOT_PREV, SHIP_LINE_NEXT, SHIP_LINE_PREV, SHIP_LANE, SHIP_TRIP = range(8)
# State.trip
TRIP_CLASS, TRIP_NP, TRIP_ND, TRIP_COLD, TRIP_HEAD, TRIP_ROAD = range(6)
# State.trip_real
TRIP_LOAD, TRIP_LITRES, TRIP_KM, TRIP_COST, TRIP_LARGER = range(5)
# State.stop
STOP_SITE, STOP_ARRIVE, STOP_LO, STOP_HI, STOP_NODE = range(5)
# State.node
NODE_NEXT, NODE_PREV, NODE_TRIP = range(3)
# State.lot and State.line
HEAD, LOCKED, MARK, FIRST = range(4)
# State.harvest: shipments of the lots of one harvest, and the date on which all of them are picked up
CUT_SHIPS, CUT_DAY = range(2)
# Scratch.seq
SEQ_SITE, SEQ_DUR, SEQ_LO, SEQ_HI, SEQ_ARRIVE = range(5)
# Arena.vehicle
SPEED, REFRIGERATED, BASE, COUNT_LIMIT, MAX_STOPS = range(5)
# Arena.vehicle_real
PAYLOAD, VOLUME, FIXED, MAX_MINUTES = range(4)
# Arena.site
STOP_MIN, MIN_PER_KG, OPENING_VND, THROUGHPUT, COUNTS_UNLOADING = range(5)
# Arena.lot
LOT_SITE, SUPPLIER, WHOLE, COLD, LOT_FROM, LOT_END, HARVEST = range(7)
# Arena.lot_real
LOT_KG, LOT_MIN, LITRES = range(3)
# Arena.line
LINE_SITE, SUPPLIERS, LINE_FROM, LINE_END = range(4)
# Arena.line_real
LINE_KG, LINE_MIN, SUPPLIER_KG = range(3)
# Arena.lane
LANE_LOT, LANE_LINE, LANE_FROM, LANE_UNTIL, LANE_DELIVER_FROM, LANE_DELIVER_UNTIL, LANE_DAYS, LANE_PIN, LANE_CARRIER = range(9)
# Arena.lane_real
MARGIN, PRICE = range(2)
# Arena.carrier
RATE, CHARGE, CAPACITY, TRANSIT = range(4)
