-- Flights from all three airports: how late the flights of the last three hours arrived, and what they lost after departure.
SELECT
    clock.at,
    count(*) AS all_landed,
    sum(flights.arr_delay) AS all_landed_delay,
    sum(flights.arr_delay - flights.dep_delay) AS all_lost
FROM clock
JOIN flights ON flights.arrived_at > clock.at - INTERVAL 3 HOUR AND flights.arrived_at <= clock.at
GROUP BY ALL
