-- How late the flights of the last three hours arrived, and what they lost after departure.
SELECT
    clock.at, $keys
    count(*) AS ${prefix}_landed,
    sum(flights.arr_delay) AS ${prefix}_landed_delay,
    sum(flights.arr_delay - flights.dep_delay) AS ${prefix}_lost
FROM clock
JOIN flights ON flights.arrived_at > clock.at - INTERVAL 3 HOUR AND flights.arrived_at <= clock.at
GROUP BY ALL
