select
  carrier,
  flight as flight_number,
  tailnum,
  origin,
  dest,
  make_date(year, month, day) as flight_date,
  time_hour,
  dep_delay,
  arr_delay,
  distance,
  dep_delay is null as cancelled
from {{ source('nyc', 'flights') }}
