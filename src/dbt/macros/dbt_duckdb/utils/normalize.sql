{# A list of texts out of one text or several; none is an empty list. #}
{% macro normalize_string_or_list(raw, field_name) -%}
  {%- if raw is none -%}
    {{ return([]) }}
  {%- elif raw is string -%}
    {{ return([raw]) }}
  {%- elif raw is sequence and raw is not mapping -%}
    {%- if raw | reject('string') | list -%}
      {%- do exceptions.raise_compiler_error(field_name ~ ' list values must be non-empty strings') -%}
    {%- endif -%}
    {{ return(raw | list) }}
  {%- endif -%}
  {%- do exceptions.raise_compiler_error(field_name ~ ' must be a list of strings or a string') -%}
{%- endmacro %}
