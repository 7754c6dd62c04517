select
  f.carrier,
  a.name as airline,
  count(*) as flights,
  sum(f.cancelled::int) as cancelled,
  avg(f.dep_delay) as mean_delay,
  avg(f.dep_delay) filter (w.wind_speed >= 20) as mean_delay_windy
from {{ ref('stg_flights') }} f
join {{ source('nyc', 'airlines') }} a using (carrier)
left join {{ ref('stg_weather') }} w on w.origin = f.origin and w.time_hour = f.time_hour
group by all
