"""A bound that knows whole trips, for problems whose trips are few enough to be listed: branch and price."""

from matching.bounds.whole_trips.prove import whole_trip_bounds

__all__ = ["whole_trip_bounds"]
