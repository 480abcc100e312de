"""Feature functions of the flights problem: each makes the column of its own name, one row or a million.

Arguments are request fields, columns of the views, or other features, each an array of shape (n,), NaN where missing.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PRIOR_FLIGHTS = 50.0
"""Weight of the overall rate in a history, in flights: a route with few flights says little."""


def airport_mean_delay(airport_delay: Numbers, airport_due: Numbers) -> Numbers:
    return airport_delay / airport_due


def airport_late_share(airport_late: Numbers, airport_due: Numbers) -> Numbers:
    return airport_late / airport_due


def airport_waiting_share(airport_waiting: Numbers, airport_due: Numbers) -> Numbers:
    return airport_waiting / airport_due


def fleet_mean_delay(fleet_delay: Numbers, fleet_due: Numbers) -> Numbers:
    return fleet_delay / fleet_due


def fleet_late_share(fleet_late: Numbers, fleet_due: Numbers) -> Numbers:
    return fleet_late / fleet_due


def fleet_waiting_share(fleet_waiting: Numbers, fleet_due: Numbers) -> Numbers:
    return fleet_waiting / fleet_due


def dest_mean_delay(dest_delay: Numbers, dest_due: Numbers) -> Numbers:
    return dest_delay / dest_due


def dest_late_share(dest_late: Numbers, dest_due: Numbers) -> Numbers:
    return dest_late / dest_due


def dest_waiting_share(dest_waiting: Numbers, dest_due: Numbers) -> Numbers:
    return dest_waiting / dest_due


def shift_mean_delay(shift_delay: Numbers, shift_due: Numbers) -> Numbers:
    return shift_delay / shift_due


def shift_late_share(shift_late: Numbers, shift_due: Numbers) -> Numbers:
    return shift_late / shift_due


def all_arrival_delay(all_landed_delay: Numbers, all_landed: Numbers) -> Numbers:
    return all_landed_delay / all_landed


def all_minutes_lost(all_lost: Numbers, all_landed: Numbers) -> Numbers:
    """Minutes that a flight loses between leaving the gate and arriving, against schedule."""
    return all_lost / all_landed


def airport_arrival_delay(airport_landed_delay: Numbers, airport_landed: Numbers) -> Numbers:
    return airport_landed_delay / airport_landed


def airport_minutes_lost(airport_lost: Numbers, airport_landed: Numbers) -> Numbers:
    return airport_lost / airport_landed


def dest_arrival_delay(dest_landed_delay: Numbers, dest_landed: Numbers) -> Numbers:
    return dest_landed_delay / dest_landed


def dest_minutes_lost(dest_lost: Numbers, dest_landed: Numbers) -> Numbers:
    return dest_lost / dest_landed


def pressure_change(pressure_now: Numbers, pressure_before: Numbers) -> Numbers:
    return pressure_now - pressure_before


def overall_rate(all_disrupted: Numbers, all_flights: Numbers) -> Numbers:
    return all_disrupted / all_flights


def carrier_history(carrier_disrupted: Numbers, carrier_flights: Numbers, overall_rate: Numbers) -> Numbers:
    return _relative(carrier_disrupted, carrier_flights, overall_rate)


def origin_carrier_history(
    origin_carrier_disrupted: Numbers, origin_carrier_flights: Numbers, overall_rate: Numbers
) -> Numbers:
    return _relative(origin_carrier_disrupted, origin_carrier_flights, overall_rate)


def dest_history(to_dest_disrupted: Numbers, to_dest_flights: Numbers, overall_rate: Numbers) -> Numbers:
    return _relative(to_dest_disrupted, to_dest_flights, overall_rate)


def route_history(route_disrupted: Numbers, route_flights: Numbers, overall_rate: Numbers) -> Numbers:
    return _relative(route_disrupted, route_flights, overall_rate)


def flight_history(flight_disrupted: Numbers, flight_flights: Numbers, overall_rate: Numbers) -> Numbers:
    return _relative(flight_disrupted, flight_flights, overall_rate)


def _relative(disrupted: Numbers, flights: Numbers, overall: Numbers) -> Numbers:
    """Smoothed disruption rate as a multiple of the overall rate; 1 where there is no history."""
    smoothed = (_or_zero(disrupted) + PRIOR_FLIGHTS * overall) / (_or_zero(flights) + PRIOR_FLIGHTS)
    return smoothed / overall


def _or_zero(values: Numbers) -> Numbers:
    """A third of the time of ``np.nan_to_num``, which also looks for infinities; that counts for one row."""
    return np.where(np.isnan(values), 0.0, values)
