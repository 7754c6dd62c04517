{% macro duckdb__create_schema(relation) -%}
  {%- set foreign_type -%}
    select type from duckdb_databases()
    where lower(database_name)='{{ relation.database | lower }}'
    and type != 'duckdb'
  {%- endset -%}
  {%- set foreign = run_query(foreign_type) -%}
  {%- set attached_type = foreign[0]['type'] if foreign | length > 0 else none -%}
  {%- if attached_type == 'sqlite' -%}
    {%- if relation.schema != 'main' -%}
      {%- do exceptions.raise_compiler_error("Schema must be 'main' when writing to sqlite instead got " ~ relation.schema) -%}
    {%- endif -%}
  {%- else -%}
    {%- call statement('create_schema') -%}
    create schema if not exists {{ relation.without_identifier() }}
    {%- endcall -%}
  {%- endif -%}
{%- endmacro %}

{% macro duckdb__drop_schema(relation) -%}
  {%- call statement('drop_schema') -%}
    drop schema if exists {{ relation.without_identifier() }} cascade
  {%- endcall -%}
{%- endmacro %}

{% macro duckdb__list_schemas(database) -%}
  {%- set sql -%}
    select schema_name
    from system.information_schema.schemata
    {% if database is not none %}
    where lower(catalog_name) = '{{ database | lower | replace('"', '') }}'
    {% endif %}
  {%- endset -%}
  {{ return(run_query(sql)) }}
{%- endmacro %}

{% macro duckdb__check_schema_exists(information_schema, schema) -%}
  {%- set sql -%}
    select count(*)
    from system.information_schema.schemata
    where lower(schema_name) = '{{ schema | lower }}'
    and lower(catalog_name) = '{{ information_schema.database | lower }}'
  {%- endset -%}
  {{ return(run_query(sql)) }}
{%- endmacro %}

{% macro duckdb__list_relations_without_caching(schema_relation) -%}
  {%- call statement('list_relations_without_caching', fetch_result=True) -%}
    select
      '{{ schema_relation.database }}' as database,
      table_name as name,
      table_schema as schema,
      case table_type
        when 'BASE TABLE' then 'table'
        when 'VIEW' then 'view'
        when 'LOCAL TEMPORARY' then 'table'
        end as type
    from system.information_schema.tables
    where lower(table_schema) = '{{ schema_relation.schema | lower }}'
    and lower(table_catalog) = '{{ schema_relation.database | lower }}'
  {%- endcall -%}
  {{ return(load_result('list_relations_without_caching').table) }}
{%- endmacro %}

{# The adapter describes the relation itself. #}
{% macro duckdb__get_columns_in_relation(relation) -%}
  {{ return(adapter.get_columns_in_relation(relation)) }}
{%- endmacro %}

{% macro duckdb__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
  {%- if select_sql_header is not none -%}
    {%- do run_query(select_sql_header) -%}
  {%- endif -%}
    select * from (
        {{ select_sql }}
    ) as __dbt_sbq
    where false
    limit 0
{% endmacro %}

{# The types of constraint that a model asks for, its columns' included. #}
{% macro enforced_constraint_types() -%}
  {%- set types = [] -%}
  {%- set contract = config.get('contract') -%}
  {%- if contract and contract.enforced -%}
    {%- for constraint in model.get('constraints') or [] -%}
      {%- do types.append(constraint['type'] | string | lower) -%}
    {%- endfor -%}
    {%- for column in (model.get('columns') or {}).values() -%}
      {%- for constraint in column.get('constraints') or [] -%}
        {%- do types.append(constraint['type'] | string | lower) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(types) }}
{%- endmacro %}

{# The types of constraint that a table has in the database. #}
{% macro existing_constraint_types(relation) -%}
  {%- if relation is none or not relation.is_table -%}
    {{ return([]) }}
  {%- endif -%}
  {%- set sql -%}
    select distinct constraint_type from duckdb_constraints()
    where lower(database_name) = lower('{{ relation.database }}')
      and lower(schema_name) = lower('{{ relation.schema }}')
      and lower(table_name) = lower('{{ relation.identifier }}')
      and constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
  {%- endset -%}
  {%- set types = [] -%}
  {%- for row in run_query(sql) -%}
    {%- do types.append(row[0] | lower | replace(' ', '_')) -%}
  {%- endfor -%}
  {{ return(types) }}
{%- endmacro %}

{# A table with foreign keys cannot be renamed: it is built in place. #}
{% macro has_foreign_key_constraints(relation=none) -%}
  {{ return('foreign_key' in enforced_constraint_types() or 'foreign_key' in existing_constraint_types(relation)) }}
{%- endmacro %}

{# Only a table with a key can be what another table's foreign key points at. #}
{% macro may_be_foreign_key_target(relation=none) -%}
  {%- set keys = ['primary_key', 'unique'] -%}
  {%- set types = enforced_constraint_types() + existing_constraint_types(relation) -%}
  {{ return(types | select('in', keys) | list | length > 0) }}
{%- endmacro %}

{#
  Drops the tables whose foreign keys lead to a relation, farthest first, after copying their rows;
  the answer is what restore_foreign_key_dependents() needs to make them again.
#}
{% macro drop_foreign_key_dependents(relation) -%}
  {%- set dependents_sql -%}
    with recursive links as (
      select distinct table_name, referenced_table
      from duckdb_constraints()
      where constraint_type = 'FOREIGN KEY'
        and lower(database_name) = lower('{{ relation.database }}')
        and lower(schema_name) = lower('{{ relation.schema }}')
        and lower(table_name) <> lower(referenced_table)
    ),
    dependents(table_name, depth) as (
      select table_name, 1 from links where lower(referenced_table) = lower('{{ relation.identifier }}')
      union
      select links.table_name, dependents.depth + 1
      from links join dependents on lower(links.referenced_table) = lower(dependents.table_name)
    ),
    deepest as (select table_name, max(depth) as depth from dependents group by table_name)
    select deepest.table_name, t.sql
    from deepest
    join duckdb_tables() t
      on lower(t.database_name) = lower('{{ relation.database }}')
      and lower(t.schema_name) = lower('{{ relation.schema }}')
      and lower(t.table_name) = lower(deepest.table_name)
    order by deepest.depth desc, deepest.table_name
  {%- endset -%}
  {%- set dropped = [] -%}
  {%- for row in run_query(dependents_sql) -%}
    {%- set dependent = relation.incorporate(path={'identifier': row[0]}, type='table') -%}
    {%- set backup = make_temp_relation(dependent, '__dbt_fk_rows') -%}
    {%- set indexes = [] -%}
    {%- for index in run_query(duckdb__indexes_sql(dependent, 'sql')) if index[0] -%}
      {%- do indexes.append(index[0]) -%}
    {%- endfor -%}
    {%- do run_query('create temporary table ' ~ backup ~ ' as select * from ' ~ dependent.render()) -%}
    {%- do run_query('drop table ' ~ dependent.render()) -%}
    {%- do dropped.append({'relation': dependent, 'backup': backup, 'create_sql': row[1], 'indexes': indexes}) -%}
  {%- endfor -%}
  {{ return(dropped) }}
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

{# Drops a relation that is about to be built in place, and first what points at it. #}
{% macro drop_relation_for_rebuild(relation) -%}
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
  {{ return(duckdb__layout('partitioned_by', relation, temporary)) }}
{%- endmacro %}

{% macro duckdb__get_sorted_by(relation, temporary) -%}
  {{ return(duckdb__layout('sorted_by', relation, temporary)) }}
{%- endmacro %}

{# Partitions and order exist in DuckLake catalogs only. #}
{% macro duckdb__layout(setting, relation, temporary) -%}
  {%- set wanted = config.get(setting, none) -%}
  {%- if wanted is none or temporary -%}
    {{ return(none) }}
  {%- endif -%}
  {%- if not adapter.is_ducklake(relation) -%}
    {%- do exceptions.warn(setting ~ ' is only supported for DuckLake relations and is ignored for ' ~ relation.render()) -%}
    {{ return(none) }}
  {%- endif -%}
  {{ return(normalize_string_or_list(wanted, setting) | join(', ')) }}
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

{# A table with a contract, or with a layout, is made empty first and filled then. #}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
  {%- set partitioned_by = partitioned_by if partitioned_by is not none else duckdb__get_partitioned_by(relation, temporary) -%}
  {%- set sorted_by = sorted_by if sorted_by is not none else duckdb__get_sorted_by(relation, temporary) -%}
  {%- if language == 'python' -%}
    {{ py_write_table(temporary, relation, compiled_code, partitioned_by, sorted_by) }}
  {%- elif language == 'sql' -%}
    {%- set contract = config.get('contract') -%}
    {%- set is_promised = contract and contract.enforced -%}
    {%- set has_layout = partitioned_by is not none or sorted_by is not none -%}
    {%- set target_name = relation.include(database=not temporary, schema=not temporary) -%}
    {%- if is_promised -%}
      {{ get_assert_columns_equivalent(compiled_code) }}
    {%- endif %}
    {{ config.get('sql_header', none) or '' }}

    create {{ 'temporary' if temporary }} table
      {{ target_name }}
  {% if is_promised and not temporary %}
    {#- Constraints cannot be added to a table that is made by a query. #}
    {{- get_table_columns_and_constraints() }};
    {%- if partitioned_by is not none %}
    {{ duckdb__alter_table_set_partitioned_by(relation, partitioned_by) }}
    {%- endif %}
    {%- if sorted_by is not none %}
    {{ duckdb__alter_table_set_sorted_by(relation, sorted_by) }}
    {%- endif %}
    insert into {{ relation.render() }} {{ get_column_names() }} (
      {{ get_select_subquery(compiled_code) }}
    );
  {% elif has_layout and not temporary %}
    as (
      select * from (
        {{ compiled_code }}
      ) as model_subq
      limit 0
    );
    {% if partitioned_by is not none %}
    {{ duckdb__alter_table_set_partitioned_by(relation, partitioned_by) }}
    {% endif %}
    {% if sorted_by is not none %}
    {{ duckdb__alter_table_set_sorted_by(relation, sorted_by) }}
    {% endif %}
    insert into {{ relation.render() }}
      select * from (
        {{ compiled_code }}
      ) as model_subq;
  {% else %}
    as (
      {{ compiled_code }}
    );
  {% endif %}
  {%- else -%}
    {%- do exceptions.raise_compiler_error("duckdb__create_table_as macro didn't get supported language, it got " ~ language) -%}
  {%- endif -%}
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

{% macro duckdb__create_view_as(relation, sql) %}
  {%- set contract = config.get('contract') -%}
  {%- if contract and contract.enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif %}
  {{ config.get('sql_header', none) or '' }}
  create view {{ relation.render() }} as (
    {{ sql }}
  );
{% endmacro %}

{% macro duckdb__drop_relation(relation) -%}
  {%- call statement('drop_relation', auto_begin=False) -%}
    drop {{ relation.type }} if exists {{ relation.render() }} cascade
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
    select {{ column }}
    from duckdb_indexes()
    where database_name = '{{ relation.database }}'
      and schema_name = '{{ relation.schema }}'
      and table_name = '{{ relation.identifier }}'
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
