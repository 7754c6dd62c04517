{#
  The catalog of a database: a row a column, with its relation's type and comment.
  The relations and the columns that are wanted are chosen by the same condition.
#}
{% macro duckdb__get_catalog(information_schema, schemas) -%}
  {{ return(run_query(duckdb__catalog_sql(information_schema, duckdb__get_catalog_schemas_where_clause_sql(schemas)))) }}
{%- endmacro %}

{% macro duckdb__get_catalog_relations(information_schema, relations) -%}
  {{ return(run_query(duckdb__catalog_sql(information_schema, duckdb__get_catalog_relations_where_clause_sql(relations)))) }}
{%- endmacro %}

{% macro duckdb__catalog_sql(information_schema, chosen) -%}
    with wanted_relations as ({{ duckdb__get_catalog_tables_sql(information_schema) }} {{ chosen }}),
    wanted_columns as ({{ duckdb__get_catalog_columns_sql(information_schema) }} {{ chosen }})
    {{ duckdb__get_catalog_results_sql() }}
{%- endmacro %}

{% macro duckdb__get_catalog_tables_sql(information_schema) -%}
    from (
      select database_name as table_database, schema_name as table_schema, name as table_name,
        kind as table_type, comment as table_comment
      from (
        select database_name, schema_name, table_name as name, 'BASE TABLE' as kind, comment from duckdb_tables()
        union all by name
        select database_name, schema_name, view_name as name, 'VIEW' as kind, comment from duckdb_views()
      )
      where {{ duckdb__named('database_name', information_schema.database) }}
    )
{%- endmacro %}

{% macro duckdb__get_catalog_columns_sql(information_schema) -%}
    from (
      select database_name as table_database, schema_name as table_schema, table_name,
        column_name, column_index, data_type as column_type, comment as column_comment
      from duckdb_columns()
      where {{ duckdb__named('database_name', information_schema.database) }}
    )
{%- endmacro %}

{% macro duckdb__get_catalog_results_sql() -%}
    select r.*, c.column_name, c.column_index, c.column_type, c.column_comment, null as table_owner
    from wanted_relations r
    natural join wanted_columns c
    order by r.table_schema, r.table_name, c.column_index
{%- endmacro %}

{% macro duckdb__get_catalog_schemas_where_clause_sql(schemas) -%}
    where lower(table_schema) in ({% for schema in schemas %}{{ ', ' if not loop.first }}'{{ schema | lower }}'{% endfor %})
{%- endmacro %}

{% macro duckdb__get_catalog_relations_where_clause_sql(relations) -%}
  {%- set conditions = [] -%}
  {%- for relation in relations -%}
    {%- if not relation.schema -%}
      {%- do exceptions.raise_compiler_error('every relation of `get_catalog_relations` needs a schema') -%}
    {%- endif -%}
    {%- set by_name = ' and ' ~ duckdb__named('table_name', relation.identifier) if relation.identifier else '' -%}
    {%- do conditions.append(duckdb__named('table_schema', relation.schema) ~ by_name) -%}
  {%- endfor -%}
    where {{ conditions | join(' or ') }}
{%- endmacro %}
