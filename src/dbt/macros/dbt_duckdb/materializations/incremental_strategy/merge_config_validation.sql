{# Raises every mistake in the merge settings of a model at once. #}
{% macro validate_merge_config(config, target_relation=none) -%}
  {%- set kinds = {
      'merge_update_condition': 'string',
      'merge_insert_condition': 'string',
      'merge_on_using_columns': 'sequence',
      'merge_update_columns': 'sequence',
      'merge_update_set_expressions': 'mapping',
      'merge_exclude_columns': 'sequence',
      'merge_returning_columns': 'sequence',
  } -%}
  {%- set errors = [] -%}
  {%- for name, kind in kinds.items() -%}
    {%- set value = config.get(name) -%}
    {%- if kind == 'string' -%}
      {%- do validate_string_field(value, name, errors) -%}
    {%- elif kind == 'sequence' -%}
      {%- do validate_string_list_field(value, name, errors) -%}
    {%- else -%}
      {%- do validate_dict_field(value, name, errors) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- do validate_merge_clauses(config, kinds, errors) -%}
  {%- if not errors -%}
    {%- do validate_ducklake_restrictions(config, target_relation, errors) -%}
  {%- endif -%}
  {%- if errors -%}
    {%- do exceptions.raise_compiler_error('MERGE configuration errors:\n' ~ errors | join('\n')) -%}
  {%- endif -%}
{%- endmacro %}

{% macro validate_merge_clauses(config, base_configuration_fields, errors) -%}
  {%- set clauses = config.get('merge_clauses') -%}
  {%- if clauses is none -%}
    {%- do return('') -%}
  {%- elif clauses is not mapping -%}
    {%- do errors.append('merge_clauses must be a dictionary, found: ' ~ clauses) -%}
    {%- do return('') -%}
  {%- endif -%}
  {%- if 'when_matched' not in clauses and 'when_not_matched' not in clauses -%}
    {%- do errors.append("merge_clauses must contain at least one of 'when_matched' or 'when_not_matched' keys") -%}
  {%- endif -%}
  {%- for kind in ['when_matched', 'when_not_matched'] if kind in clauses -%}
    {%- do validate_merge_clause_list(clauses, kind, errors) -%}
  {%- endfor -%}
  {%- set ignored = [] -%}
  {%- for name in base_configuration_fields if name not in ['merge_on_using_columns', 'merge_returning_columns'] and config.get(name) -%}
    {%- do ignored.append(name) -%}
  {%- endfor -%}
  {%- if ignored -%}
    {%- do errors.append('When merge_clauses is specified, the following basic merge configurations will be ignored and should be removed: ' ~ ignored | join(', ') ~ '. Define your merge behavior within merge_clauses instead.') -%}
  {%- endif -%}
{%- endmacro %}

{% macro validate_merge_clause_list(merge_clauses, clause_type, errors) -%}
  {%- set list = merge_clauses.get(clause_type) -%}
  {%- set name = 'merge_clauses.' ~ clause_type -%}
  {%- if list is string or list is mapping or list is not sequence -%}
    {%- do errors.append(name ~ ' must be a list') -%}
  {%- elif not list -%}
    {%- do errors.append(name ~ ' must contain at least one element') -%}
  {%- else -%}
    {%- for clause in list if clause is not mapping -%}
      {%- do errors.append(name ~ ' elements must be dictionaries, found: ' ~ clause) -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{# A DuckLake merges with one change or deletion of rows at most, and gives no rows back. #}
{% macro validate_ducklake_restrictions(config, target_relation, errors) -%}
  {%- if not target_relation or not adapter.is_ducklake(target_relation) -%}
    {%- do return('') -%}
  {%- endif -%}
  {%- if config.get('merge_returning_columns') -%}
    {%- do errors.append('DuckLake MERGE restrictions: merge_returning_columns is not supported, since DuckLake has no RETURNING.') -%}
  {%- endif -%}
  {%- set clauses = config.get('merge_clauses') or {} -%}
  {%- set changing = [] -%}
  {%- for clause in clauses.get('when_matched', []) + clauses.get('when_not_matched', []) if clause.get('action') in ['update', 'delete'] -%}
    {%- do changing.append(clause) -%}
  {%- endfor -%}
  {%- if changing | length > 1 -%}
    {%- do errors.append('DuckLake MERGE restrictions: merge_clauses can contain only a single UPDATE or DELETE action across when_matched and when_not_matched. Found ' ~ changing | length ~ '.') -%}
  {%- endif -%}
{%- endmacro %}
