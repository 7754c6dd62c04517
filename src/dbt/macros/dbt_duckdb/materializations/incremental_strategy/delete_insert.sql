{# Rows of the target whose key comes again are deleted, then everything is inserted. #}
{% macro duckdb__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {%- set predicates = normalize_incremental_predicates(incremental_predicates) -%}
  {%- if unique_key is sequence and unique_key is not string and unique_key %}
  delete from {{ target }} as DBT_INCREMENTAL_TARGET
  using {{ source }}
  where {% for key in unique_key %}{{ source }}.{{ key }} = DBT_INCREMENTAL_TARGET.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
  {%- for predicate in predicates %}
    and {{ predicate }}
  {%- endfor %};
  {%- elif unique_key %}
  delete from {{ target }}
  where ({{ unique_key }}) in (select ({{ unique_key }}) from {{ source }})
  {%- for predicate in predicates %}
    and {{ predicate }}
  {%- endfor %};
  {%- endif %}
  insert into {{ target }} ({{ columns }})
  select {{ columns }} from {{ source }}
{%- endmacro %}
