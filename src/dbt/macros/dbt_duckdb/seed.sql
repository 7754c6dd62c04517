{% macro duckdb__get_binding_char() -%}
  {%- do return(adapter.get_binding_char()) -%}
{%- endmacro %}

{% macro duckdb__get_batch_size() -%}
  {%- do return(10000) -%}
{%- endmacro %}

{# DuckDB reads the file itself, unless the seed has `fast: false` or statements may not name files. #}
{% macro duckdb__load_csv_rows(model, agate_table) -%}
  {%- if not config.get('fast', true) or not adapter.may_name_files() -%}
    {%- do return(default__load_csv_rows(model, adapter.convert_datetimes_to_strs(agate_table))) -%}
  {%- endif -%}
  {%- set file = adapter.get_seed_file_path(model) | replace("'", "''") -%}
  {%- set sql = 'COPY ' ~ this.render() ~ " FROM '" ~ file ~ "' (FORMAT CSV, HEADER TRUE, DELIMITER '" ~ config.get('delimiter', ',') ~ "')" -%}
  {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
  {%- do return(sql) -%}
{%- endmacro %}
