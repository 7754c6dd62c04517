{# Of a week, whole ones are counted and then the Sunday in between, if there is one. #}
{% macro duckdb__datediff(first_date, second_date, datepart) -%}
  {%- if datepart == 'week' -%}
    {%- set days = "date_part('dow', (" ~ first_date ~ ")::timestamp) <= date_part('dow', (" ~ second_date ~ ')::timestamp)' -%}
    {%- set forward = 'case when ' ~ first_date ~ ' <= ' ~ second_date ~ ' then ' %}
            ({{ datediff(first_date, second_date, 'day') }} // 7 + case
            when {{ days }} then
                {{ forward }}0 else -1 end
            else
                {{ forward }}1 else 0 end
        end)
    {% else %}
        (date_diff('{{ datepart }}', {{ first_date }}::timestamp, {{ second_date }}::timestamp ))
    {% endif %}
{%- endmacro %}
