-- The newest observation that is out at each airport, and how it differs from three hours before.
SELECT
    clock.at,
    now.origin,
    now.wind_speed AS wind_speed_now,
    now.wind_gust AS wind_gust_now,
    now.humid AS humidity_now,
    now.visib AS visibility_now,
    now.precip AS rain_now,
    now.pressure AS pressure_now,
    now.temp AS temperature_now,
    now.wind_dir AS wind_direction_now,
    before.pressure AS pressure_before,
    (
        SELECT sum(CAST(recent.precip AS DECIMAL(9, 4)))
        FROM weather AS recent
        WHERE
            recent.origin = now.origin
            AND recent.known_at > clock.at - INTERVAL 3 HOUR
            AND recent.known_at <= clock.at
    ) AS rain_recently
FROM clock
CROSS JOIN (SELECT DISTINCT origin FROM weather) AS airports
ASOF JOIN weather AS now ON now.origin = airports.origin AND now.known_at <= clock.at
LEFT JOIN weather AS before
    ON before.origin = now.origin AND before.observed_at = now.observed_at - INTERVAL 3 HOUR AND before.known_at <= clock.at
WHERE now.known_at > clock.at - INTERVAL 3 HOUR
