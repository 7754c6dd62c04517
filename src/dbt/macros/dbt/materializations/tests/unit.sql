{# Runs a model over fixtures and lays its rows beside the expected ones. Types come from the model itself. #}
{% materialization unit, default -%}
  {%- set header = (config.get('sql_header') or '') if flags.REQUIRE_SQL_HEADER_IN_TEST_CONFIGS else '' -%}
  {%- set rows = config.get('expected_rows') -%}
  {%- set names = rows[0].keys() if rows else get_columns_in_query(sql) -%}

  {%- set types = {} -%}
  {%- set quoted = {} -%}
  {#- A struct is one column here; in get_column_schema_from_query its members are. -#}
  {%- for row in run_query('describe (' ~ get_empty_subquery_sql(sql) ~ ')') -%}
    {%- set column = api.Column(row[0], row[1]) -%}
    {%- do types.update({column.name | lower: column.data_type}) -%}
    {%- do quoted.update({column.name | lower: column.quoted}) -%}
  {%- endfor -%}
  {%- set wanted = [] -%}
  {%- for name in names -%}
    {%- do wanted.append(quoted.get(name | lower)) -%}
  {%- endfor -%}

  {%- set expected = config.get('expected_sql') or get_expected_sql(rows, types, quoted) -%}
  {%- call statement('main', fetch_result=True) -%}
    {{ header }}
    {{ get_unit_test_sql(sql, expected, wanted) }}
  {%- endcall -%}
  {%- do return({'relations': []}) -%}
{%- endmaterialization %}
