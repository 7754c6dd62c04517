{# Loads a CSV file: the table is made when it is not there or everything is refreshed, else emptied and filled again. #}
{% materialization seed, default -%}
  {%- set existing = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) -%}
  {%- set refresh = should_full_refresh() -%}
  {%- set rows = load_agate_table() -%}
  {%- do store_result('agate_table', response='OK', agate_table=rows) -%}

  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}

  {%- if existing is none -%}
    {%- set table_sql = create_csv_table(model, rows) -%}
  {%- elif existing.is_view -%}
    {%- do exceptions.raise_compiler_error("Cannot seed to '" ~ existing.render() ~ "', it is a view") -%}
  {%- else -%}
    {%- set table_sql = reset_csv_table(model, refresh, existing, rows) -%}
  {%- endif -%}

  {%- set count = rows.rows | length -%}
  {%- set rows_sql = load_csv_rows(model, rows) if count > 0 else '' -%}
  {%- set code = 'CREATE' if refresh else 'INSERT' -%}
  {%- call noop_statement('main', code ~ ' ' ~ count, code, count) -%}
    {{ get_csv_sql(table_sql, rows_sql) }};
  {%- endcall -%}

  {%- set target = this.incorporate(type='table') -%}
  {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, refresh)) -%}
  {%- do persist_docs(target, model) -%}
  {%- if refresh or existing is none -%}
    {%- do create_indexes(target) -%}
  {%- endif -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do adapter.commit() -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
