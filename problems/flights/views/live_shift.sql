-- How late the airport has run for longer: delays so far of the flights that should have left in the last six hours.
-- A flight that has not gone shows only how long it has waited so far, so that a cancellation does not show.
SELECT
    clock.at,
    flights.origin,
    count(*) AS shift_due,
    sum(
        CASE
            WHEN flights.departed_at <= clock.at THEN greatest(flights.dep_delay, 0)
            ELSE date_diff('minute', flights.scheduled_at, clock.at)
        END
    ) AS shift_delay,
    count_if(
        CASE
            WHEN flights.departed_at <= clock.at THEN flights.dep_delay >= 15
            ELSE flights.scheduled_at <= clock.at - INTERVAL 15 MINUTE
        END
    ) AS shift_late
FROM clock
JOIN flights ON flights.scheduled_at > clock.at - INTERVAL 6 HOUR AND flights.scheduled_at <= clock.at
GROUP BY ALL
