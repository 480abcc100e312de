-- Flights from each airport: how late the flights of the last three hours arrived, and what they lost after departure.
SELECT
    clock.at,
    flights.origin,
    count(*) AS airport_landed,
    sum(flights.arr_delay) AS airport_landed_delay,
    sum(flights.arr_delay - flights.dep_delay) AS airport_lost
FROM clock
JOIN flights ON flights.arrived_at > clock.at - INTERVAL 3 HOUR AND flights.arrived_at <= clock.at
GROUP BY ALL
