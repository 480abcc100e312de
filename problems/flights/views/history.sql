-- How many flights were decided in the last 30 days, and how many of them disrupted.
-- A flight counts on the day its label lands, so that none is missing because it is late.
WITH days AS (
    SELECT
        date_trunc('day', label_at) AS day, $keys
        count(*) AS decided,
        count_if(disrupted) AS disrupted
    FROM flights
    GROUP BY ALL
)
SELECT
    clock.at, $keys
    sum(days.decided) AS ${prefix}_flights,
    sum(days.disrupted) AS ${prefix}_disrupted
FROM clock
JOIN days ON days.day >= clock.at - INTERVAL 30 DAY AND days.day <= clock.at - INTERVAL 1 DAY
GROUP BY ALL
