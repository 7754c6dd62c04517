{# Where an external model's file is when its configuration does not say: a folder when it is partitioned. #}
{% macro external_location(relation, config) -%}
  {%- set path = adapter.external_root() ~ '/' ~ relation.identifier -%}
  {%- if config.get('options', {}).get('partition_by') is not none -%}
    {{ return(path) }}
  {%- endif -%}
  {{ return(path ~ '.' ~ (config.get('format') or 'parquet')) }}
{%- endmacro %}
