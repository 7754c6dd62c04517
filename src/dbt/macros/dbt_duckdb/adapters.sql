{# Names are the same whatever their case. #}
{% macro duckdb__named(column, name) -%}
  lower({{ column }}) = lower({{ string_literal(escape_single_quotes(name | string)) }})
{%- endmacro %}

{# A condition on the rows that the database's own functions have about a relation. #}
{% macro duckdb__is_relation(relation) -%}
  {{ duckdb__named('database_name', relation.database) }} and {{ duckdb__named('schema_name', relation.schema) }} and {{ duckdb__named('table_name', relation.identifier) }}
{%- endmacro %}

{# A SQLite file has one schema, which is there. #}
{% macro duckdb__create_schema(relation) -%}
  {%- set kind = run_query('select any_value(type) from duckdb_databases() where ' ~ duckdb__named('database_name', relation.database)) -%}
  {%- if kind and kind[0][0] == 'sqlite' -%}
    {%- if relation.schema != 'main' -%}
      {%- do exceptions.raise_compiler_error("a SQLite database has the schema 'main' only, not " ~ relation.schema) -%}
    {%- endif -%}
    {{ return('') }}
  {%- endif -%}
  {%- call statement('create_schema') -%}
    create schema if not exists {{ relation.without_identifier() }}
  {%- endcall -%}
{%- endmacro %}

{% macro duckdb__drop_schema(relation) -%}
  {%- call statement('drop_schema') -%}
    drop schema if exists {{ relation.without_identifier() }} cascade
  {%- endcall -%}
{%- endmacro %}

{% macro duckdb__list_schemas(database) -%}
  {%- set chosen = '' if database is none else ' where ' ~ duckdb__named('database_name', database | replace('"', '')) -%}
  {{ return(run_query('select schema_name from duckdb_schemas()' ~ chosen)) }}
{%- endmacro %}

{% macro duckdb__check_schema_exists(information_schema, schema) -%}
  {%- set chosen = duckdb__named('database_name', information_schema.database) ~ ' and ' ~ duckdb__named('schema_name', schema) -%}
  {{ return(run_query('select count(*) from duckdb_schemas() where ' ~ chosen)) }}
{%- endmacro %}

{% macro duckdb__list_relations_without_caching(schema_relation) -%}
  {%- set query -%}
    select '{{ schema_relation.database }}' as database, name, schema_name as schema, kind as type
    from (
      select database_name, schema_name, table_name as name, 'table' as kind from duckdb_tables()
      union all by name
      select database_name, schema_name, view_name as name, 'view' as kind from duckdb_views()
    )
    where {{ duckdb__named('database_name', schema_relation.database) }} and {{ duckdb__named('schema_name', schema_relation.schema) }}
  {%- endset -%}
  {{ return(run_query(query)) }}
{%- endmacro %}

{# The adapter describes the relation itself. #}
{% macro duckdb__get_columns_in_relation(relation) -%}
  {{ return(adapter.get_columns_in_relation(relation)) }}
{%- endmacro %}

{# A header is run at once: it may set what the query needs. #}
{% macro duckdb__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
  {%- set _ = run_query(select_sql_header) if select_sql_header is not none -%}
    select * from ({{ '\n' ~ select_sql ~ '\n' }}) as __dbt_sbq where false limit 0
{% endmacro %}

{# The types of constraint that a model asks for, its columns' included. #}
{% macro enforced_constraint_types() -%}
  {%- set contract = config.get('contract') -%}
  {%- if not contract or not contract.enforced -%}
    {{ return([]) }}
  {%- endif -%}
  {%- set asked = [] -%}
  {%- for owner in [model] + (model.columns or {}).values() | list -%}
    {%- do asked.extend((owner.constraints or []) | map(attribute='type') | map('string') | map('lower')) -%}
  {%- endfor -%}
  {{ return(asked) }}
{%- endmacro %}

{# The types of key that a table has in the database. #}
{% macro existing_constraint_types(relation) -%}
  {%- if relation is none or not relation.is_table -%}
    {{ return([]) }}
  {%- endif -%}
  {%- set keys -%}
    select distinct lower(replace(constraint_type, ' ', '_'))
    from duckdb_constraints()
    where {{ duckdb__is_relation(relation) }} and constraint_type not in ('CHECK', 'NOT NULL')
  {%- endset -%}
  {{ return(run_query(keys) | map(attribute=0) | list) }}
{%- endmacro %}

{# A table with foreign keys cannot be renamed: it is built in place. #}
{% macro has_foreign_key_constraints(relation=none) -%}
  {%- if not adapter.catalog_supports_foreign_keys(this.database) -%}
    {{ return(false) }}
  {%- endif -%}
  {{ return('foreign_key' in enforced_constraint_types() or 'foreign_key' in existing_constraint_types(relation)) }}
{%- endmacro %}

{# Only a table with a key can be what another table's foreign key points at. #}
{% macro may_be_foreign_key_target(relation=none) -%}
  {%- if not adapter.catalog_supports_foreign_keys(this.database) -%}
    {{ return(false) }}
  {%- endif -%}
  {%- set keys = ['primary_key', 'unique'] -%}
  {%- set types = enforced_constraint_types() + existing_constraint_types(relation) -%}
  {{ return(types | select('in', keys) | list | length > 0) }}
{%- endmacro %}

{#
  Drops the tables whose foreign keys lead to a relation, farthest first, after copying their rows;
  the answer is what restore_foreign_key_dependents() needs to make them again.
  Ranks are found step by step: what points at a table of one rank has the next one.
#}
{% macro drop_foreign_key_dependents(relation) -%}
  {%- set links = run_query(duckdb__foreign_keys_sql(relation)) -%}
  {%- set found = namespace(rank=[relation.identifier | lower]) -%}
  {%- set ranks = {} -%}
  {%- for step in range(links | length) if found.rank -%}
    {%- set next = [] -%}
    {%- for link in links if link[1] in found.rank and link[0] != relation.identifier | lower -%}
      {%- do ranks.update({link[0]: step}) -%}
      {%- do next.append(link[0]) -%}
    {%- endfor -%}
    {%- set found.rank = next -%}
  {%- endfor -%}
  {%- set dropped = [] -%}
  {%- for name, _ in ranks | dictsort(by='value', reverse=true) -%}
    {%- do dropped.append(duckdb__set_aside(relation.incorporate(path={'identifier': name}, type='table'))) -%}
  {%- endfor -%}
  {{ return(dropped) }}
{%- endmacro %}

{# Who points at whom in the schema of a relation, itself left out, in lower case. #}
{% macro duckdb__foreign_keys_sql(relation) -%}
    select distinct lower(table_name), lower(referenced_table)
    from duckdb_constraints()
    where constraint_type = 'FOREIGN KEY' and lower(table_name) <> lower(referenced_table)
      and {{ duckdb__named('database_name', relation.database) }} and {{ duckdb__named('schema_name', relation.schema) }}
{%- endmacro %}

{# Copies the rows of a table, drops it, and tells what it takes to make it again. #}
{% macro duckdb__set_aside(table) -%}
  {%- set place = duckdb__is_relation(table) -%}
  {%- set create_sql = run_query('select sql from duckdb_tables() where ' ~ place)[0][0] -%}
  {%- set indexes = run_query('select sql from duckdb_indexes() where sql is not null and ' ~ place) | map(attribute=0) | list -%}
  {%- set rows = make_temp_relation(table, '__dbt_fk_rows') -%}
  {%- do run_query('create temporary table ' ~ rows ~ ' as from ' ~ table.render()) -%}
  {%- do run_query('drop table ' ~ table.render()) -%}
  {{ return({'relation': table, 'backup': rows, 'create_sql': create_sql, 'indexes': indexes}) }}
{%- endmacro %}

{# Makes dropped tables again, nearest first, and puts their rows back. #}
{% macro restore_foreign_key_dependents(dropped) %}
  {%- for table in dropped | reverse -%}
    {%- do run_query(duckdb__qualified_create(table['create_sql'], table['relation'])) -%}
    {%- do run_query('insert into ' ~ table['relation'].render() ~ ' select * from ' ~ table['backup']) -%}
    {%- do run_query('drop table ' ~ table['backup']) -%}
    {%- for index_sql in table['indexes'] -%}
      {%- do run_query(index_sql) -%}
    {%- endfor -%}
  {%- endfor %}
  {% endmacro %}

{# The database keeps `CREATE TABLE name(...)` with the schema left out of the name: it is put back. #}
{% macro duckdb__qualified_create(create_sql, relation) -%}
  {%- set columns = create_sql[create_sql.index('('):] -%}
  {{ return('create table ' ~ relation.render() ~ columns) }}
{%- endmacro %}

{# Drops a relation that is about to be built in place, and first what points at it; a failed build brings all back. #}
{% macro drop_relation_for_rebuild(relation) -%}
  {%- do adapter.ensure_transaction() -%}
  {%- set dropped = drop_foreign_key_dependents(relation) if relation.is_table else [] -%}
  {%- do drop_indexes_on_relation(relation) -%}
  {%- do adapter.drop_relation(relation) -%}
  {{ return(dropped) }}
{%- endmacro %}

{# The columns of a contract, in brackets, for an insert. #}
{% macro get_column_names() %}
  (
    {% for name, column in model['columns'].items() %}
      {{ adapter.quote(column['name']) if column.get('quote') else column['name'] }} {{ ',' if not loop.last }}
    {% endfor %}
  )
{% endmacro %}

{% macro duckdb__get_partitioned_by(relation, temporary) -%}
  {{ return(duckdb__layout('partitioned_by', 'partition_by', relation, temporary) | join(', ') or none) }}
{%- endmacro %}

{% macro duckdb__get_sorted_by(relation, temporary) -%}
  {%- set names = [] -%}
  {%- for column in duckdb__layout('sorted_by', 'sort_by', relation, temporary) -%}
    {%- do names.append(adapter.quote(column | replace('"', '""'))) -%}
  {%- endfor -%}
  {{ return(names | join(', ') or none) }}
{%- endmacro %}

{# The columns of a layout, by either of its names. DuckLake catalogs alone have one: elsewhere it is left out, with a warning. #}
{% macro duckdb__layout(setting, short, relation, temporary) -%}
  {%- set label = setting ~ '/' ~ short -%}
  {%- set given = [] if temporary else [config.get(setting, none), config.get(short, none)] | reject('in', [none, '']) | list -%}
  {%- if given == [] -%}
    {{ return([]) }}
  {%- endif -%}
  {%- set columns = normalize_string_or_list(given | first, label) -%}
  {%- if columns == [] -%}
    {%- do exceptions.raise_compiler_error(label ~ ' must contain at least one column') -%}
  {%- elif not adapter.is_ducklake(relation) -%}
    {%- do adapter.warn_once(label ~ ' is only supported for DuckLake relations; ignoring for ' ~ (this or relation)) -%}
    {{ return([]) }}
  {%- endif -%}
  {{ return(columns) }}
{%- endmacro %}

{# The statements that give a table its layout. #}
{% macro duckdb__layout_sql(relation, partitioned_by, sorted_by) -%}
  {%- if partitioned_by is not none %}{{ duckdb__alter_table_set_partitioned_by(relation, partitioned_by) }}{% endif -%}
  {%- if sorted_by is not none %}{{ duckdb__alter_table_set_sorted_by(relation, sorted_by) }}{% endif -%}
{%- endmacro %}

{% macro duckdb__alter_table_set_partitioned_by(relation, partitioned_by) -%}
    alter table {{ relation.render() }} set partitioned by ({{ partitioned_by }});
{%- endmacro %}

{% macro duckdb__alter_table_set_sorted_by(relation, sorted_by) -%}
    alter table {{ relation.render() }} set sorted by ({{ sorted_by }});
{%- endmacro %}

{% macro create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
  {{ return(adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code, language, partitioned_by, sorted_by)) }}
{%- endmacro %}

{#
  A table in one statement where that can be; one with a contract or a layout is made empty and filled then,
  since the database adds constraints and partitions to tables without rows only.
#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
  {%- set parts = duckdb__get_partitioned_by(relation, temporary) if partitioned_by is none else partitioned_by -%}
  {%- set order = duckdb__get_sorted_by(relation, temporary) if sorted_by is none else sorted_by -%}
  {%- if language == 'python' -%}
    {{ return(py_write_table(temporary, relation, compiled_code, parts, order)) }}
  {%- elif language != 'sql' -%}
    {%- do exceptions.raise_compiler_error("duckdb__create_table_as macro didn't get supported language, it got " ~ language) -%}
  {%- endif -%}
  {%- set contract = config.get('contract') -%}
  {%- set promised = contract and contract.enforced -%}
  {%- set check = get_assert_columns_equivalent(compiled_code) if promised -%}
  {%- set one_step = temporary or not (promised or parts is not none or order is not none) -%}
  {%- set kind = 'temporary table' if temporary else 'table' %}
  {{ config.get('sql_header', none) or '' }}

    create {{ kind }}
      {{ relation.include(database=not temporary, schema=not temporary) }}
  {%- if one_step %}


    as (
    {{ compiled_code }}
    );
  {%- else -%}
    {{ get_table_columns_and_constraints() if promised else ' as from (\n' ~ compiled_code ~ '\n) limit 0' }};
    {{ duckdb__layout_sql(relation, parts, order) }}
    insert into {{ relation.render() }} {{ get_column_names() ~ '(' ~ get_select_subquery(compiled_code) ~ ')' if promised else 'from (\n' ~ compiled_code ~ '\n)' }};
  {%- endif %}
{%- endmacro %}

{# The end of a Python model's text: puts the frame it returns into a table. #}
{% macro py_write_table(temporary, relation, compiled_code, partitioned_by=none, sorted_by=none) -%}
{%- set target_name = relation.include(database=not temporary, schema=not temporary) -%}
{{ compiled_code }}

def materialize(df, con):
    name = '__dbt_python_model_df_' + '{{ relation.identifier }}'
    con.register(name, df)
    con.execute('create {{ 'temporary ' if temporary }}table {{ target_name }} as select * from ' + name{{ " + ' limit 0'" if partitioned_by is not none or sorted_by is not none }})
    {%- if partitioned_by is not none %}
    con.execute('alter table {{ target_name }} set partitioned by ({{ partitioned_by }})')
    {%- endif %}
    {%- if sorted_by is not none %}
    con.execute('alter table {{ target_name }} set sorted by ({{ sorted_by }})')
    {%- endif %}
    {%- if partitioned_by is not none or sorted_by is not none %}
    con.execute('insert into {{ target_name }} select * from ' + name)
    {%- endif %}
    con.unregister(name)
{% endmacro %}

{% macro duckdb__create_view_as(relation, sql) -%}
  {%- set contract = config.get('contract') -%}
  {%- set check = get_assert_columns_equivalent(sql) if contract and contract.enforced %}
  {{ config.get('sql_header', none) or '' }}
  create view {{ relation.render() }} as ({{ '\n    ' ~ sql ~ '\n' }}  );
{% endmacro %}

{% macro duckdb__drop_relation(relation) -%}
  {%- call statement('drop_relation', auto_begin=False) -%}
    drop {{ relation.type }} if exists {{ relation.render() }}{{ ' cascade' if not adapter.is_ducklake(relation) }}
  {%- endcall -%}
{%- endmacro %}

{% macro duckdb__rename_relation(from_relation, to_relation) -%}
  {%- call statement('rename_relation') -%}
    alter {{ from_relation.type }} {{ from_relation.render() }} rename to {{ adapter.quote_as_configured(to_relation.identifier, 'identifier') }}
  {%- endcall -%}
{%- endmacro %}

{# A name no other run has, in no schema, as temporary tables are. #}
{% macro duckdb__make_temp_relation(base_relation, suffix) -%}
  {%- set identifier = base_relation.identifier ~ suffix ~ py_current_timestring() -%}
  {{ return(base_relation.incorporate(path={'identifier': identifier, 'schema': none, 'database': none})) }}
{%- endmacro %}

{# Where an incremental model puts its new rows: a table of its own where the target's catalog has no temporary ones. #}
{% macro duckdb__dispatch_temporary_relation(target_relation, batch_id='') -%}
  {%- if not adapter.is_motherduck() -%}
    {{ return({'relation': make_temp_relation(target_relation), 'temporary': True}) }}
  {%- endif -%}
  {%- set name = target_relation.identifier ~ '__dbt_tmp' ~ py_current_timestring() ~ batch_id -%}
  {%- set interim = api.Relation.create(database=target_relation.database, schema=adapter.get_temp_schema_name(), identifier=name, type='table') -%}
  {%- do create_schema(interim.without_identifier()) -%}
  {{ return({'relation': interim, 'temporary': False}) }}
{%- endmacro %}

{% macro duckdb__current_timestamp() -%}
    now()
{%- endmacro %}

{# Without a zone, so that snapshots compare it with other times. #}
{% macro duckdb__snapshot_get_time() -%}
    {{ current_timestamp() }}::timestamp
{%- endmacro %}

{% macro duckdb__snapshot_string_as_time(timestamp) -%}
  {{ return("'" ~ timestamp ~ "'::timestamp") }}
{%- endmacro %}

{% macro duckdb__get_incremental_default_sql(arg_dict) -%}
  {{ return(get_incremental_delete_insert_sql(arg_dict) if arg_dict['unique_key'] else get_incremental_append_sql(arg_dict)) }}
{%- endmacro %}

{# There are no users to grant anything to. #}
{% macro duckdb__apply_grants(relation, grant_config, should_revoke=True) -%}
  {%- if grant_config -%}
    {{ adapter.warn_once('Grants for relations are not supported by DuckDB') }}
  {%- endif -%}
{%- endmacro %}

{# The name is a hash of what is indexed and of the time, so that the index of a table that is going away is another one. #}
{% macro duckdb__get_create_index_sql(relation, index_dict) -%}
  {%- set wanted = adapter.parse_index(index_dict) -%}
  {%- set columns = wanted.columns | join(', ') -%}
  {%- set name = wanted.render(relation) -%}
  create {{ 'unique' if wanted.unique }} index
  "{{ name }}"
  on {{ relation.render() }}
  ({{ columns }});
{%- endmacro %}

{% macro duckdb__indexes_sql(relation, column) -%}
    select {{ column }} from duckdb_indexes() where {{ duckdb__is_relation(relation) }}
{%- endmacro %}

{# A table with indexes cannot be renamed. #}
{% macro drop_indexes_on_relation(relation) -%}
  {%- for row in run_query(duckdb__indexes_sql(relation, 'index_name')) -%}
    {%- do run_query('drop index ' ~ relation.without_identifier() ~ '.' ~ adapter.quote(row[0])) -%}
  {%- endfor -%}
{%- endmacro %}

{# Whether the database can read something at a place. #}
{% macro location_exists(location) -%}
  {{ return(adapter.location_exists(location)) }}
{%- endmacro %}

{% macro write_to_file(relation, location, options) -%}
  {%- call statement('write_to_file') -%}
    copy {{ relation.render() }} to '{{ location }}' ({{ options }})
  {%- endcall -%}
{%- endmacro %}

{# Hands a relation to a plugin that stores it elsewhere. #}
{% macro store_relation(plugin, relation, location, format, config) -%}
  {%- set columns = adapter.get_columns_in_relation(relation) -%}
  {%- do adapter.store_relation(plugin, relation, columns, location, format, config) -%}
{%- endmacro %}

{# The options of a file to write, with format and delimiter, which have settings of their own. #}
{% macro render_write_options(config) -%}
  {%- set options = {} -%}
  {%- for name, value in (config.get('options', {}) or {}).items() -%}
    {%- do options.update({name: value}) -%}
  {%- endfor -%}
  {%- for name in ('format', 'delimiter') if config.get(name) is not none and name not in options -%}
    {%- do options.update({name: config.get(name)}) -%}
  {%- endfor -%}
  {{ return(options) }}
{%- endmacro %}
