{% macro duckdb__merge_join_clause(unique_key, merge_on_using_columns, incremental_predicates) -%}
  {%- set filters = incremental_predicates or [] -%}
  {%- if merge_on_using_columns -%}
    using ({{ merge_on_using_columns | join(', ') }}){{ ' on (' ~ filters | join(') and (') ~ ')' if filters }}
  {%- else -%}
    {%- set keys = [unique_key] if unique_key is string else (unique_key or []) -%}
    {%- set matches = [] -%}
    {%- for key in keys -%}
      {%- do matches.append('DBT_INTERNAL_SOURCE.' ~ key ~ ' = DBT_INTERNAL_DEST.' ~ key) -%}
    {%- endfor -%}
    on ({{ ((matches or ['FALSE']) + filters) | join(') and (') }})
  {%- endif -%}
{%- endmacro %}

{% macro duckdb__get_incremental_merge_sql(args_dict) -%}
  {%- do return(duckdb__get_merge_sql(
      args_dict['target_relation'],
      args_dict['temp_relation'],
      args_dict['unique_key'],
      args_dict['dest_columns'],
      normalize_incremental_predicates(args_dict.get('incremental_predicates')),
  )) -%}
{%- endmacro %}

{# A merge by the model's `merge_clauses`, or by the basic settings when it has none. #}
{% macro duckdb__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {%- do validate_merge_config(config, target) -%}
  {%- set update_columns = config.get('merge_update_columns') or [] -%}
  {%- set exclude_columns = config.get('merge_exclude_columns') or [] -%}
  {%- set set_expressions = config.get('merge_update_set_expressions') or {} -%}
  {%- set defaults = merge_clause_defaults(config.get('merge_update_condition'), config.get('merge_insert_condition'), update_columns, exclude_columns, set_expressions) -%}
  {%- set update = defaults.when_matched_update_explicit if update_columns or exclude_columns or set_expressions else defaults.when_matched_update_by_name -%}
  {%- set clauses = config.get('merge_clauses') or {} -%}
  {%- set returning = config.get('merge_returning_columns') or [] -%}
  {{ config.get('sql_header') or '' }}
  merge into {{ target }} as DBT_INTERNAL_DEST
  using {{ source }} as DBT_INTERNAL_SOURCE
  {{ duckdb__merge_join_clause(unique_key, config.get('merge_on_using_columns'), normalize_incremental_predicates(incremental_predicates)) }}
  {%- for clause in clauses.get('when_matched', [update]) %}
  when matched{{ merge_clause_condition(clause) }} then {{ merge_clause_action(clause, dest_columns) }}
  {%- endfor -%}
  {%- for clause in clauses.get('when_not_matched', [defaults.when_not_matched_insert_by_name]) %}
  when not matched{{ ' by ' ~ clause.get('by') if clause.get('by') }}{{ merge_clause_condition(clause) }} then {{ merge_clause_action(clause, dest_columns) }}
  {%- endfor -%}
  {%- if returning %}
  returning {{ returning if returning is string else returning | join(', ') }}
  {%- endif -%}
{%- endmacro %}

{% macro merge_clause_condition(clause) -%}
  {%- set condition = clause.get('condition') -%}
  {%- if condition %} and {{ condition if condition is string else '(' ~ condition | join(') and (') ~ ')' }}{% endif -%}
{%- endmacro %}

{% macro merge_clause_action(clause, dest_columns) -%}
  {%- set action = clause.get('action') -%}
  {%- set mode = clause.get('mode') -%}
  {%- if action == 'update' and mode in ['by_name', 'by_position'] -%}
    update {{ mode | replace('_', ' ') }}
  {%- elif action == 'update' and mode == 'star' -%}
    update set *
  {%- elif action == 'update' -%}
    update set {{ merge_assignments(clause, dest_columns) }}
  {%- elif action == 'insert' and mode in ['by_name', 'by_position'] -%}
    insert {{ mode | replace('_', ' ') }}
  {%- elif action == 'insert' and mode == 'star' -%}
    insert *
  {%- elif action == 'insert' -%}
    {%- set values = clause.get('insert') or {} -%}
    insert ({{ values.get('columns', []) | join(', ') }}) values ({{ values.get('values', []) | join(', ') }})
  {%- elif action == 'delete' -%}
    delete
  {%- elif action == 'do_nothing' -%}
    do nothing
  {%- elif action == 'error' -%}
    error{{ " '" ~ clause.get('error_message') | replace("'", "''") ~ "'" if clause.get('error_message') }}
  {%- else -%}
    {%- do exceptions.raise_compiler_error("MERGE configuration errors:\nunknown action '" ~ action ~ "'") -%}
  {%- endif -%}
{%- endmacro %}

{# `a = expression` of an update: those configured, then every other column from the source. #}
{% macro merge_assignments(clause, dest_columns) -%}
  {%- set update = clause.get('update') or {} -%}
  {%- set expressions = update.get('set_expressions') or clause.get('set_expressions') or {} -%}
  {%- set assignments = [] -%}
  {%- for column, expression in expressions.items() -%}
    {%- do assignments.append(column ~ ' = ' ~ expression) -%}
  {%- endfor -%}
  {%- if update or not expressions -%}
    {%- for column in get_merge_update_columns(update.get('include'), update.get('exclude'), dest_columns) if column | replace('"', '') not in expressions -%}
      {%- do assignments.append(column ~ ' = DBT_INTERNAL_SOURCE.' ~ column) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ assignments | join(', ') }}
{%- endmacro %}
