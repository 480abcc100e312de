-- How late departures run now: delays so far of the flights that should have left in the last three hours.
-- A flight that has not gone shows only how long it has waited so far, so that a cancellation does not show.
SELECT
    clock.at, $keys
    count(*) AS ${prefix}_due,
    sum(
        CASE
            WHEN flights.departed_at <= clock.at THEN greatest(flights.dep_delay, 0)
            ELSE date_diff('minute', flights.scheduled_at, clock.at)
        END
    ) AS ${prefix}_delay,
    count_if(
        CASE
            WHEN flights.departed_at <= clock.at THEN flights.dep_delay >= 15
            ELSE flights.scheduled_at <= clock.at - INTERVAL 15 MINUTE
        END
    ) AS ${prefix}_late,
    count_if(coalesce(flights.departed_at > clock.at, true)) AS ${prefix}_waiting
FROM clock
JOIN flights ON flights.scheduled_at > clock.at - INTERVAL 3 HOUR AND flights.scheduled_at <= clock.at
GROUP BY ALL
