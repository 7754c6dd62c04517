{% macro default__test_not_null(model, column_name) %}

{% set shown = should_store_failures() %}

select {{ '*' if shown else column_name }}
from {{ model }}
where {{ column_name }} is null

{% endmacro %}
