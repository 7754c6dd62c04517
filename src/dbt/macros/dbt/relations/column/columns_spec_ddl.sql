{% macro get_table_columns_and_constraints() -%}
  {{ return(adapter.dispatch('get_table_columns_and_constraints', 'dbt')()) }}
{%- endmacro %}

{% macro default__get_table_columns_and_constraints() -%}
  {{ return(table_columns_and_constraints()) }}
{%- endmacro %}

{# What stands between the brackets of `create table`: columns first, then the constraints of the model. #}
{% macro table_columns_and_constraints() %}
  {%- set columns = adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
  {%- set constraints = adapter.render_raw_model_constraints(raw_constraints=model['constraints']) %}
  (
    {% for column in columns -%}
    {{ column }}{{ ',' if not loop.last or constraints }}
    {% endfor -%}
    {% for constraint in constraints %}
    {{ constraint }}{{ ',' if not loop.last }}
    {%- endfor %}
    )
{% endmacro %}

{% macro get_assert_columns_equivalent(sql) -%}
  {{ return(adapter.dispatch('get_assert_columns_equivalent', 'dbt')(sql)) }}
{%- endmacro %}

{% macro default__get_assert_columns_equivalent(sql) -%}
  {{ return(assert_columns_equivalent(sql)) }}
{%- endmacro %}

{# Fails unless a query has the names and types, in any order, that the contract of the model says. #}
{% macro assert_columns_equivalent(sql) -%}
  {%- set promised = model['columns'] -%}
  {%- if not promised -%}
    {%- do exceptions.raise_contract_error({}, {}) -%}
  {%- endif -%}
  {%- set made = format_columns(get_column_schema_from_query(sql, config.get('sql_header', none))) -%}
  {%- set wanted = format_columns(get_column_schema_from_query(get_empty_schema_sql(promised))) -%}
  {%- set wanted_by_name = {} -%}
  {%- for column in wanted -%}
    {%- do wanted_by_name.update({column['name']: column['formatted']}) -%}
  {%- endfor -%}
  {%- set state = namespace(same=made | length == wanted | length) -%}
  {%- for column in made if wanted_by_name.get(column['name']) != column['formatted'] -%}
    {%- set state.same = false -%}
  {%- endfor -%}
  {%- if not state.same -%}
    {%- do exceptions.raise_contract_error(wanted, made) -%}
  {%- endif -%}
{%- endmacro %}

{% macro format_columns(columns) -%}
  {%- set formatted = [] -%}
  {%- for column in columns -%}
    {%- do formatted.append(adapter.dispatch('format_column', 'dbt')(column)) -%}
  {%- endfor -%}
  {{ return(formatted) }}
{%- endmacro %}

{% macro default__format_column(column) -%}
  {%- set data_type = column.dtype -%}
  {%- set formatted = column.column.lower() ~ ' ' ~ data_type -%}
  {{ return({'name': column.name, 'data_type': data_type, 'formatted': formatted}) }}
{%- endmacro %}
