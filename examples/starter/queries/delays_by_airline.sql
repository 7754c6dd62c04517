-- Which airlines leave late, and how much of it is the wind? January 2013, New York.
SELECT
  a.name AS airline,
  count(*) AS flights,
  round(avg(f.dep_delay), 1) AS mean_delay,
  round(avg(f.dep_delay) FILTER (w.wind_speed >= 20), 1) AS mean_delay_windy,
  round(100 * avg((f.dep_delay > 15)::INT), 1) AS late_percent
FROM flights f
JOIN airlines a USING (carrier)
LEFT JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
WHERE f.dep_delay IS NOT NULL
GROUP BY ALL
HAVING count(*) >= 50
ORDER BY mean_delay DESC;
