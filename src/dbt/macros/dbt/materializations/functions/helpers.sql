{% macro function_execute_build_sql(build_sql, existing_relation, target_relation) -%}
  {{ adapter.dispatch('function_execute_build_sql', 'dbt')(build_sql, existing_relation, target_relation) }}
{%- endmacro %}

{% macro default__function_execute_build_sql(build_sql, existing_relation, target_relation) -%}
  {%- call statement('main') -%}
    {{ build_sql }}
  {%- endcall -%}
{%- endmacro %}
