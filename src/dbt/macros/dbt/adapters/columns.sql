{% macro get_columns_in_relation(relation) -%}
  {{ return(adapter.dispatch('get_columns_in_relation', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__get_columns_in_relation(relation) -%}
  {%- do exceptions.raise_not_implemented('get_columns_in_relation macro not implemented for adapter ' ~ adapter.type()) -%}
{%- endmacro %}

{# Rows of name, type, size, precision and scale as columns. #}
{% macro sql_convert_columns_in_relation(table) -%}
  {%- set made = [] -%}
  {%- for name, data_type, size, precision, scale in table -%}
    {%- do made.append(api.Column(name, data_type, size, precision, scale)) -%}
  {%- endfor -%}
  {{ return(made) }}
{%- endmacro %}

{# A query that has the columns of another and no row. #}
{% macro get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
  {{ return(adapter.dispatch('get_empty_subquery_sql', 'dbt')(select_sql, select_sql_header)) }}
{%- endmacro %}

{% macro default__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
    {{ select_sql_header or '' }}select * from ({{ '\n' ~ select_sql ~ '\n' }}) as __dbt_sbq where false limit 0
{% endmacro %}

{% macro get_empty_schema_sql(columns) -%}
  {{ return(adapter.dispatch('get_empty_schema_sql', 'dbt')(columns)) }}
{%- endmacro %}

{# A query of nulls with the names and types a contract asks for. #}
{% macro default__get_empty_schema_sql(columns) -%}
  {%- set untyped = columns.values() | rejectattr('data_type') | map(attribute='name') | list -%}
  {%- if untyped -%}
    {%- do exceptions.column_type_missing(column_names=untyped) -%}
  {%- endif -%}
  {%- for column in columns.values() if column['data_type'] and column['data_type'].strip().lower() in ('decimal', 'numeric', 'number') -%}
    {%- if loop.first -%}
      {%- do exceptions.warn('Detected columns with numeric type and unspecified precision/scale, this can lead to unintended rounding: ' ~ columns.values() | map(attribute='name') | list) -%}
    {%- endif -%}
  {%- endfor -%}
    select
    {% for column in columns.values() %}
      {%- set name = adapter.quote(column['name']) if column['quote'] else column['name'] %}
      {{ cast('null', column['data_type']) }} as {{ name }}{{ ', ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The columns of a query, by running it without rows. #}
{% macro get_column_schema_from_query(select_sql, select_sql_header=none) -%}
  {{ return(adapter.get_column_schema_from_query(get_empty_subquery_sql(select_sql, select_sql_header))) }}
{%- endmacro %}

{% macro get_columns_in_query(select_sql) -%}
  {{ return(adapter.dispatch('get_columns_in_query', 'dbt')(select_sql)) }}
{%- endmacro %}

{% macro default__get_columns_in_query(select_sql) -%}
  {%- set empty = run_query(get_empty_subquery_sql(select_sql)) -%}
  {{ return(empty.columns | map(attribute='name') | list if empty is not none else []) }}
{%- endmacro %}

{% macro get_list_of_column_names(columns) -%}
  {{ return(columns | map(attribute='name') | list) }}
{%- endmacro %}

{% macro alter_column_type(relation, column_name, new_column_type) -%}
  {{ return(adapter.dispatch('alter_column_type', 'dbt')(relation, column_name, new_column_type)) }}
{%- endmacro %}

{# Through a second column, for databases that cannot change a type in place. #}
{% macro default__alter_column_type(relation, column_name, new_column_type) -%}
  {%- set interim = adapter.quote(column_name ~ '__dbt_alter') -%}
  {%- set column = adapter.quote(column_name) -%}
  {%- call statement('alter_column_type') -%}
    alter table {{ relation.render() }} add column {{ interim }} {{ new_column_type }};
    update {{ relation.render() }} set {{ interim }} = {{ column }};
    alter table {{ relation.render() }} drop column {{ column }} cascade;
    alter table {{ relation.render() }} rename column {{ interim }} to {{ column }}
  {%- endcall -%}
{%- endmacro %}

{% macro alter_relation_add_remove_columns(relation, add_columns = none, remove_columns = none) -%}
  {{ return(adapter.dispatch('alter_relation_add_remove_columns', 'dbt')(relation, add_columns, remove_columns)) }}
{%- endmacro %}

{% macro default__alter_relation_add_remove_columns(relation, add_columns, remove_columns) -%}
  {%- set changes = [] -%}
  {%- for column in add_columns or [] -%}
    {%- do changes.append('add column ' ~ column.quoted ~ ' ' ~ column.expanded_data_type) -%}
  {%- endfor -%}
  {%- for column in remove_columns or [] -%}
    {%- do changes.append('drop column ' ~ column.quoted) -%}
  {%- endfor -%}
  {%- if changes -%}
    {%- do run_query('alter ' ~ relation.type ~ ' ' ~ relation.render() ~ ' ' ~ changes | join(', ')) -%}
  {%- endif -%}
{%- endmacro %}
