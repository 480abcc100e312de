-- Flights to each destination: how late the flights of the last four hours arrived, and what they lost after departure.
SELECT
    clock.at,
    flights.dest,
    count(*) AS dest_landed,
    sum(flights.arr_delay) AS dest_landed_delay,
    sum(flights.arr_delay - flights.dep_delay) AS dest_lost
FROM clock
JOIN flights ON flights.arrived_at > clock.at - INTERVAL 4 HOUR AND flights.arrived_at <= clock.at
GROUP BY ALL
