{% macro get_create_table_as_sql(temporary, relation, sql) -%}
  {{ return(adapter.dispatch('get_create_table_as_sql', 'dbt')(temporary, relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_table_as_sql(temporary, relation, sql) -%}
  {{ return(create_table_as(temporary, relation, sql)) }}
{%- endmacro %}

{# Tables of SQL and of Python models; adapters that know one language are not told of another. #}
{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}
  {%- set more = [] if language == 'sql' else [language] -%}
  {{ adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code, *more) }}
{%- endmacro %}

{% macro default__create_table_as(temporary, relation, sql) -%}
  {%- set contract = config.get('contract') -%}
  {%- set promised = contract and contract.enforced and not temporary -%}
  {%- set check = get_assert_columns_equivalent(sql) if promised -%}
  {{ config.get('sql_header', none) or '' }}

  create {{ 'temporary table' if temporary else 'table' }} {{ relation.include(database=not temporary, schema=not temporary) }}
  {{ get_table_columns_and_constraints() if promised }} as (
    {{ get_select_subquery(sql) if promised else sql }}
  );
{%- endmacro %}

{% macro default__get_column_names() -%}
  {%- for name, column in model['columns'].items() -%}
    {{ adapter.quote(column['name']) if column.get('quote') else column['name'] }}{{ ', ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{# A query with its columns in the order of the contract. #}
{% macro get_select_subquery(sql) -%}
  {{ return(adapter.dispatch('get_select_subquery', 'dbt')(sql)) }}
{%- endmacro %}

{% macro default__get_select_subquery(sql) %}
    select {{ adapter.dispatch('get_column_names', 'dbt')() }}
    from (
        {{ sql }}
    ) as model_subq
{%- endmacro %}
