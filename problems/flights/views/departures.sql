-- How many departures each airport has scheduled around two hours from now, when the flights asked about leave.
SELECT
    clock.at,
    flights.origin,
    count(*) AS departures_scheduled
FROM clock
JOIN flights
    ON
        flights.scheduled_at >= clock.at + INTERVAL 90 MINUTE
        AND flights.scheduled_at < clock.at + INTERVAL 150 MINUTE
GROUP BY ALL
