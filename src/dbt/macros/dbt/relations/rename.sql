{% macro get_rename_sql(relation, new_name) -%}
  {{ return(adapter.dispatch('get_rename_sql', 'dbt')(relation, new_name)) }}
{%- endmacro %}

{% macro default__get_rename_sql(relation, new_name) -%}
  {%- set by_type = {'table': get_rename_table_sql, 'view': get_rename_view_sql, 'materialized_view': get_rename_materialized_view_sql} -%}
  {%- set type = relation.type | string -%}
  {%- if type not in by_type -%}
    {%- do exceptions.raise_compiler_error('a relation of type ' ~ type ~ ' cannot be renamed: `get_rename_sql` knows tables and views') -%}
  {%- endif -%}
  {{ return(by_type[type](relation, new_name)) }}
{%- endmacro %}

{% macro rename_relation(from_relation, to_relation) -%}
  {{ return(adapter.dispatch('rename_relation', 'dbt')(from_relation, to_relation)) }}
{%- endmacro %}

{% macro default__rename_relation(from_relation, to_relation) -%}
  {%- set new_name = adapter.quote_as_configured(to_relation.identifier, 'identifier') -%}
  {%- call statement('rename_relation') -%}
    alter table {{ from_relation.render() }} rename to {{ new_name }}
  {%- endcall -%}
{%- endmacro %}
