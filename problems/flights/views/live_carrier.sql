-- How late a carrier runs at its airport now: delays so far of the flights that should have left in the last three hours.
-- A flight that has not gone shows only how long it has waited so far, so that a cancellation does not show.
SELECT
    clock.at,
    flights.origin,
    flights.carrier,
    count(*) AS fleet_due,
    sum(
        CASE
            WHEN flights.departed_at <= clock.at THEN greatest(flights.dep_delay, 0)
            ELSE date_diff('minute', flights.scheduled_at, clock.at)
        END
    ) AS fleet_delay,
    count_if(
        CASE
            WHEN flights.departed_at <= clock.at THEN flights.dep_delay >= 15
            ELSE flights.scheduled_at <= clock.at - INTERVAL 15 MINUTE
        END
    ) AS fleet_late,
    count_if(coalesce(flights.departed_at > clock.at, true)) AS fleet_waiting
FROM clock
JOIN flights ON flights.scheduled_at > clock.at - INTERVAL 3 HOUR AND flights.scheduled_at <= clock.at
GROUP BY ALL
