{# Text in a format as a datetime; an error names the value and the format. #}
{% macro convert_datetime(date_str, date_fmt) -%}
  {%- set wrong -%}
    The provided partition date '{{ date_str }}' does not match the expected format '{{ date_fmt }}'
  {%- endset -%}
  {{ return(try_or_compiler_error(wrong, modules.datetime.datetime.strptime, date_str | string, date_fmt)) }}
{%- endmacro %}

{# All days from one to another, both included, as texts. #}
{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt='%Y%m%d', out_fmt='%Y%m%d') -%}
  {%- set start = convert_datetime(start_date_str, in_fmt) -%}
  {%- set end = convert_datetime(start_date_str if end_date_str is none else end_date_str, in_fmt) -%}
  {%- set count = (end - start).days + 1 -%}
  {%- if count < 1 -%}
    {%- do exceptions.raise_compiler_error('Partition start date is after the end date ({}, {})'.format(start, end)) -%}
  {%- endif -%}
  {%- set days = [] -%}
  {%- for offset in range(count) -%}
    {%- do days.append((start + modules.datetime.timedelta(days=offset)).strftime(out_fmt)) -%}
  {%- endfor -%}
  {{ return(days) }}
{%- endmacro %}

{# `20240101` or `20240101,20240131` as the days it means. #}
{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') -%}
  {%- set parts = (raw_partition_date | string).split(',') -%}
  {%- if parts | length > 2 -%}
    {%- do exceptions.raise_compiler_error('Invalid partition time. Expected format: {Start Date}[,{End Date}]. Got: ' ~ raw_partition_date) -%}
  {%- endif -%}
  {{ return(dates_in_range(parts[0], parts[1] if parts | length == 2 else none, in_fmt=date_fmt)) }}
{%- endmacro %}

{# The time now as digits, down to microseconds: good for names. #}
{% macro py_current_timestring() -%}
  {{ return(modules.datetime.datetime.now().strftime('%Y%m%d%H%M%S%f')) }}
{%- endmacro %}
