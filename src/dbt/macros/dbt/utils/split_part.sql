{% macro split_part(string_text, delimiter_text, part_number) -%}
  {{ return(adapter.dispatch('split_part', 'dbt')(string_text, delimiter_text, part_number)) }}
{%- endmacro %}

{% macro default__split_part(string_text, delimiter_text, part_number) -%}split_part({{ [string_text, delimiter_text, part_number] | join(', ') }}){%- endmacro %}

{# Counts parts from the end where split_part takes no negative number: from the number of delimiters. #}
{% macro _split_part_negative(string_text, delimiter_text, part_number) -%}
  {%- set without = "replace(" ~ string_text ~ ", " ~ delimiter_text ~ ", '')" -%}
  split_part({{ string_text }}, {{ delimiter_text }}, length({{ string_text }}) - length({{ without }}) + 2 + {{ part_number }})
{%- endmacro %}
