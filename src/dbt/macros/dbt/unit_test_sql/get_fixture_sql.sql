{#
  Rows of a unit test as a query with the columns and types of the relation they stand for;
  a column that a row does not give is null.
#}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
-- Fixture for {{ model.name }}
{% set known = namespace(types=column_name_to_data_types, quoted={}) -%}
  {%- if known.types -%}
    {%- for name in known.types -%}
      {%- do known.quoted.update({name: adapter.quote(name)}) -%}
    {%- endfor -%}
  {%- else -%}
    {%- set known.types = {} -%}
    {%- for column in adapter.get_columns_in_relation(load_relation(this) or defer_relation or this) -%}
      {%- do known.types.update({column.name | lower: column.data_type}) -%}
      {%- do known.quoted.update({column.name | lower: column.quoted}) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if not known.types -%}
    {%- do exceptions.raise_compiler_error("Not able to get columns for unit test '" ~ model.name ~ "' from relation " ~ this ~ " because the relation doesn't exist") -%}
  {%- endif -%}

  {%- for row in rows -%}
    {%- do validate_fixture_rows(rows, loop.index0) -%}
    {%- set given = format_row(row, known.types) -%}
select {% for name, type in known.types.items() -%}
    {{ given[name] if name in given else safe_cast('null', type) | trim }} as {{ known.quoted[name] }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{{ '\nunion all\n' if not loop.last }}
  {%- endfor -%}

  {%- if not rows -%}
select {% for name, type in known.types.items() -%}
    {{ safe_cast('null', type) | trim }} as {{ known.quoted[name] }}{{ ', ' if not loop.last }}
    {%- endfor %}
    limit 0
  {%- endif -%}
{%- endmacro %}

{# The rows a unit test expects, as a query. #}
{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) -%}
  {%- if rows | length == 0 -%}
    select * from dbt_internal_unit_test_actual
    limit 0
  {%- endif -%}
  {%- for row in rows -%}
    {%- set values = format_row(row, column_name_to_data_types) -%}
select {% for name, value in values.items() -%}
    {{ value }} as {{ column_name_to_quoted[name] }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{{ '\nunion all\n' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{# The values of a row as casts, by lower-case name. #}
{% macro format_row(row, column_name_to_data_types) -%}
  {%- set types = {} -%}
  {%- for name, type in column_name_to_data_types.items() -%}
    {%- do types.update({name | lower: type}) -%}
  {%- endfor -%}
  {%- set formatted = {} -%}
  {%- for given, value in row.items() -%}
    {%- set name = given | lower -%}
    {%- if name not in types -%}
      {%- set fixture_name = 'expected output' if model.resource_type == 'unit_test' else ("'" ~ model.name ~ "'") -%}
      {%- do exceptions.raise_compiler_error("Invalid column name: '" ~ name ~ "' in unit test fixture for " ~ fixture_name ~ ".\nAccepted columns for " ~ fixture_name ~ ' are: ' ~ types.keys() | list) -%}
    {%- endif -%}
    {%- set type = types[name] -%}
    {%- if value is string and 'varying' in type -%}
      {#- A fixture is never cut to the length of its column. -#}
      {%- set type = type.split('(')[0] -%}
    {%- endif -%}
    {%- if value is none -%}
      {%- set literal = 'null' -%}
    {%- elif value is string -%}
      {%- set literal = string_literal(escape_single_quotes(value)) -%}
    {%- else -%}
      {%- set literal = value -%}
    {%- endif -%}
    {%- do formatted.update({name: safe_cast(literal, type)}) -%}
  {%- endfor -%}
  {{ return(formatted) }}
{%- endmacro %}

{# A place for adapters to refuse rows they cannot type. #}
{% macro validate_fixture_rows(rows, row_number) -%}
  {{ return(adapter.dispatch('validate_fixture_rows', 'dbt')(rows, row_number)) }}
{%- endmacro %}

{% macro default__validate_fixture_rows(rows, row_number) -%}
{%- endmacro %}
