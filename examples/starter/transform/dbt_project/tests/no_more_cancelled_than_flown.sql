select * from {{ ref('airline_delays') }} where cancelled > flights
