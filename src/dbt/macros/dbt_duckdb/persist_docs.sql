{# A literal in dollar quotes, under a tag no comment is likely to hold. #}
{% macro duckdb_escape_comment(comment) -%}
  {%- if comment is not string -%}
    {%- do exceptions.raise_compiler_error('cannot escape a non-string: ' ~ comment) -%}
  {%- endif -%}
  {%- set tag = '$dbt_comment_literal_block$' -%}
  {%- if tag in comment -%}
    {%- do exceptions.raise_compiler_error('The string ' ~ tag ~ ' is not allowed in comments.') -%}
  {%- endif -%}
  {{ tag }}{{ comment }}{{ tag }}
{%- endmacro %}

{% macro duckdb__alter_relation_comment(relation, comment) %}
  {% set literal = duckdb_escape_comment(comment) %}
  comment on {{ relation.type }} {{ relation.render() }} is {{ literal }};
{% endmacro %}

{% macro duckdb__alter_column_comment(relation, column_dict) -%}
  {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
  {%- for name in column_dict if name in present -%}
    {%- set column = column_dict[name] -%}
    {%- set shown = adapter.quote(name) if column['quote'] else name %}
    comment on column {{ relation.render() }}.{{ shown }} is {{ duckdb_escape_comment(column['description']) }};
  {%- endfor -%}
{%- endmacro %}
