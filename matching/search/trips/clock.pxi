"""The clock of a trip: the first schedule that keeps opening hours, access hours, dates, driving and working time.

Formulation. Stops ``i = 0..n-1`` in a fixed order last ``dur[i]``; driving from ``i`` to ``i + 1`` takes ``drive[i]``. Find arrivals
``t`` with ``t[i+1] >= t[i] + seq[SEQ_DUR, i] + drive[i]``, each stop inside an opening of its site and on a date in ``[lo[i], seq[SEQ_HI, i]]``, and
``t[n-1] + seq[SEQ_DUR, n-1] - t[0]`` at most the class's working time. For a given end the latest start is found backwards, for a given
start the earliest end forwards; alternating the two walks through the finitely many candidate ends, so the search is exact.
"""


cdef long next_open(Arena w, long site, long vehicle, long t, long dur) noexcept nogil:
    """Earliest minute from ``t`` on at which a stop of ``dur`` minutes may begin, or NEVER."""
    cdef long best, length, offset, at, k
    if w.dated[site] >= 0:
        return _next_stretch(w, w.dated[site], vehicle, t, dur)
    best = NEVER
    for k in range(w.hours.shape[2]):
        length = w.hours[site, vehicle, k, 1]
        if length < dur:
            continue
        if length >= NEVER >> 10:
            return t
        offset = (t - w.hours[site, vehicle, k, 0]) % DAY
        at = t if offset + dur <= length else t + DAY - offset
        best = min(best, at)
    return best


cdef long last_open(Arena w, long site, long vehicle, long t, long dur) noexcept nogil:
    """Latest minute up to ``t`` at which a stop of ``dur`` minutes may begin, or -NEVER."""
    cdef long best, length, offset, at, k
    if w.dated[site] >= 0:
        return _last_stretch(w, w.dated[site], vehicle, t, dur)
    best = -NEVER
    for k in range(w.hours.shape[2]):
        length = w.hours[site, vehicle, k, 1]
        if length < dur:
            continue
        if length >= NEVER >> 10:
            return t
        offset = (t - w.hours[site, vehicle, k, 0]) % DAY
        at = t if offset + dur <= length else t - offset + length - dur
        best = max(best, at)
    return best


cdef long _first_ending(Arena w, long row, long vehicle, long t) noexcept nogil:
    """First stretch of a dated site that ends at minute ``t`` or later; the number of stretches if there is none."""
    cdef long low = 0, high = w.stretches.shape[2], middle
    while low < high:
        middle = (low + high) // 2
        if w.stretches[row, vehicle, middle, 1] < t:
            low = middle + 1
        else:
            high = middle
    return low


cdef long _next_stretch(Arena w, long row, long vehicle, long t, long dur) noexcept nogil:
    """`next_open` of a site whose hours differ on some dates."""
    cdef long k, at
    for k in range(_first_ending(w, row, vehicle, t + dur), w.stretches.shape[2]):
        at = max(t, w.stretches[row, vehicle, k, 0])
        if at + dur <= w.stretches[row, vehicle, k, 1]:
            return min(at, NEVER)
    return NEVER


cdef long _last_stretch(Arena w, long row, long vehicle, long t, long dur) noexcept nogil:
    """`last_open` of a site whose hours differ on some dates."""
    cdef long k, at
    for k in range(min(_first_ending(w, row, vehicle, t + dur), w.stretches.shape[2] - 1), -1, -1):
        at = min(t, w.stretches[row, vehicle, k, 1] - dur)
        if at >= w.stretches[row, vehicle, k, 0]:
            return at
    return -NEVER


cdef bint schedule(Arena w, long vehicle, long n, long[:, ::1] seq, long not_before) noexcept nogil:
    """Fill the arrivals of ``seq`` (see `columns`) with the first feasible schedule starting at ``not_before`` or later."""
    cdef long start, end, _
    cdef double limit
    cdef long[:, ::1] drive
    start = max(not_before, seq[SEQ_LO, 0] * DAY)
    limit = w.vehicle_real[vehicle, MAX_MINUTES]
    drive = w.minutes[w.vehicle[vehicle, SPEED]]
    for _ in range(ATTEMPTS):
        if not _forward(w, vehicle, n, seq, drive, start):
            return False
        end = seq[SEQ_ARRIVE, n - 1] + seq[SEQ_DUR, n - 1]
        _backward(w, vehicle, n, seq, drive)
        if end - seq[SEQ_ARRIVE, 0] <= limit:
            return True
        start = seq[SEQ_ARRIVE, 0] + 1
    return False


cdef bint _forward(Arena w, long vehicle, long n, long[:, ::1] seq, long[:, ::1] drive, long start) noexcept nogil:
    """Earliest arrivals from ``start`` on; False if a date is missed."""
    cdef long t, i
    t = start
    for i in range(n):
        t = next_open(w, seq[SEQ_SITE, i], vehicle, max(t, seq[SEQ_LO, i] * DAY), seq[SEQ_DUR, i])
        if t >= (seq[SEQ_HI, i] + 1) * DAY or (t + seq[SEQ_DUR, i]) >= (w.horizon[1] + 1) * DAY:
            return False
        seq[SEQ_ARRIVE, i] = t
        if i + 1 < n:
            t += seq[SEQ_DUR, i] + drive[seq[SEQ_SITE, i], seq[SEQ_SITE, i + 1]]
    return True


cdef void _backward(Arena w, long vehicle, long n, long[:, ::1] seq, long[:, ::1] drive) noexcept nogil:
    """Push all but the last arrival as late as the next one allows."""
    cdef long latest, i
    for i in range(n - 2, -1, -1):
        latest = min(seq[SEQ_ARRIVE, i + 1] - drive[seq[SEQ_SITE, i], seq[SEQ_SITE, i + 1]] - seq[SEQ_DUR, i], (seq[SEQ_HI, i] + 1) * DAY - 1)
        seq[SEQ_ARRIVE, i] = max(seq[SEQ_ARRIVE, i], last_open(w, seq[SEQ_SITE, i], vehicle, latest, seq[SEQ_DUR, i]))
