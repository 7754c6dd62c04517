{# Writes the query's rows to a file (or a folder of files) and puts a view over it. #}
{% materialization external, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {%- set location = render(config.get('location', default=external_location(this, config))) -%}
  {%- set options = render_write_options(config) -%}
  {%- set write_options = adapter.external_write_options(location, options) -%}
  {%- set formats = ['csv', 'parquet', 'json'] -%}
  {%- set format = config.get('format') or (options['format'] | lower) -%}
  {%- if config.get('format') and format not in formats -%}
    {%- do exceptions.raise_compiler_error('Invalid format: ' ~ format ~ '. Allowed formats are: ' ~ formats | join(', ')) -%}
  {%- endif -%}
  {%- set format = format if format in formats else 'parquet' -%}
  {%- set read_location = adapter.external_read_location(location, options) -%}

  {%- set language = model['language'] -%}
  {%- set target = this.incorporate(type='view') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set rows = make_intermediate_relation(this.incorporate(type='table'), suffix='__dbt_tmp') -%}
  {%- set incoming = make_intermediate_relation(target, suffix='__dbt_int') -%}
  {%- set outgoing = make_backup_relation(target, existing.type if existing is not none else 'table') -%}
  {%- for leftover in [incoming, rows, outgoing] -%}
    {%- do drop_relation_if_exists(load_cached_relation(leftover)) -%}
  {%- endfor -%}

  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}

  {%- call statement('create_table', language=language) -%}
    {{- create_table_as(False, rows, compiled_code, language) -}}
  {%- endcall -%}
  {%- set columns = adapter.get_columns_in_relation(rows) -%}
  {%- set is_empty = run_query('select count(*) from ' ~ rows)[0][0] == 0 -%}
  {%- if is_empty -%}
    {# A file without rows has no types to read back: one row of nulls is written, and the view leaves it out. #}
    {%- call statement('placeholder') -%}
      insert into {{ rows }} values ({{ (['null'] * (columns | length)) | join(', ') }})
    {%- endcall -%}
  {%- endif -%}
  {%- do write_to_file(rows, location, write_options) -%}

  {%- set read_options = dict(config.get(format ~ '_read_options') or ({'union_by_name': False} if format == 'parquet' else {'auto_detect': True})) -%}
  {%- if format != 'parquet' and options.get('compression') and 'compression' not in read_options -%}
    {%- do read_options.update({'compression': options['compression']}) -%}
  {%- endif -%}
  {%- set arguments = ["'" ~ read_location ~ "'"] -%}
  {%- for name, value in read_options.items() -%}
    {%- do arguments.append(name ~ '=' ~ ("'" ~ value ~ "'" if value is string else value)) -%}
  {%- endfor -%}
  {%- call statement('main') -%}
    create or replace view {{ incoming }} as (
      select * from read_{{ format }}({{ arguments | join(', ') }})
      {%- if is_empty %}
      where true
      {%- for column in columns %} and "{{ column.column }}" is not null{% endfor %}
      {%- endif %}
    );
  {%- endcall -%}

  {%- if existing is not none -%}
    {%- do adapter.rename_relation(existing, outgoing) -%}
  {%- endif -%}
  {%- do adapter.rename_relation(incoming, target) -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
  {%- do persist_docs(target, model) -%}
  {%- do adapter.commit() -%}

  {%- do drop_relation_if_exists(outgoing) -%}
  {%- do drop_relation_if_exists(rows) -%}
  {%- if config.get('glue_register', default=false) is true -%}
    {%- do exceptions.raise_compiler_error('glue_register is not supported: external models cannot be registered in AWS Glue') -%}
  {%- endif -%}
  {%- if config.get('plugin') is not none -%}
    {%- do store_relation(config.get('plugin'), target, location, format, config) -%}
  {%- endif -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
