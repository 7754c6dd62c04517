{# Builds the table when it is not there or everything is refreshed; otherwise what the query gives now goes into a
   temporary table and from there, by the configured strategy, into the target. #}
{% materialization incremental, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {%- set language = model['language'] -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='table') -%}
  {%- set incoming = make_intermediate_relation(target) -%}
  {%- set outgoing = make_backup_relation(target, existing.type if existing is not none else 'table') -%}
  {%- set refresh = should_full_refresh() or (existing is not none and existing.is_view) -%}
  {%- set on_schema_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') -%}

  {%- do drop_relation_if_exists(load_cached_relation(incoming)) -%}
  {%- do drop_relation_if_exists(load_cached_relation(outgoing)) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}

  {%- set leftovers = [] -%}
  {%- set dependents = [] -%}
  {%- set swap = existing is not none and refresh and not has_foreign_key_constraints(existing) -%}
  {%- if existing is none or refresh -%}
    {%- if refresh and existing is not none and not swap -%}
      {%- set dependents = drop_relation_for_rebuild(existing) -%}
    {%- endif -%}
    {%- set build = create_table_as(False, incoming if swap else target, compiled_code, language) -%}
  {%- else -%}
    {%- set staged = duckdb__dispatch_temporary_relation(target, adapter.batch_id_for_model(model)) -%}
    {%- if not staged.temporary -%}
      {%- do leftovers.append(staged.relation) -%}
    {%- endif -%}
    {%- if language == 'python' -%}
      {%- call statement('pre', language=language) -%}
        {{- create_table_as(staged.temporary, staged.relation, compiled_code, language) -}}
      {%- endcall -%}
    {%- else -%}
      {#- In no transaction; the changes of columns after it are in one with the new rows: what fails undoes them. -#}
      {%- do run_query(create_table_as(staged.temporary, staged.relation, compiled_code, language)) -%}
      {%- call statement('columns') -%} select 1 {%- endcall -%}
    {%- endif -%}
    {%- do adapter.expand_target_column_types(from_relation=staged.relation, to_relation=target) -%}
    {%- set columns = process_schema_changes(on_schema_change, staged.relation, existing) or adapter.get_columns_in_relation(existing) -%}
    {%- set strategy = adapter.get_incremental_strategy_macro(context, config.get('incremental_strategy') or 'default') -%}
    {%- set build = strategy({
        'target_relation': target,
        'temp_relation': staged.relation,
        'unique_key': config.get('unique_key'),
        'dest_columns': columns,
        'incremental_predicates': config.get('predicates', none) or config.get('incremental_predicates', none),
    }) -%}
    {%- set language = 'sql' -%}
  {%- endif -%}
  {%- call statement('main', language=language) -%}
    {{- build -}}
  {%- endcall -%}

  {%- if swap -%}
    {%- do drop_indexes_on_relation(existing) -%}
    {%- if existing.is_table and may_be_foreign_key_target(existing) -%}
      {%- set dependents = drop_foreign_key_dependents(existing) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(existing, outgoing) -%}
    {%- do adapter.rename_relation(incoming, target) -%}
    {%- do leftovers.append(outgoing) -%}
  {%- endif -%}
  {%- do restore_foreign_key_dependents(dependents) -%}
  {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, refresh)) -%}
  {%- if existing is none or refresh -%}
    {%- do create_indexes(target) -%}
  {%- endif -%}
  {%- do persist_docs(target, model) -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do adapter.commit() -%}

  {%- for leftover in leftovers -%}
    {%- do adapter.drop_relation(leftover) -%}
  {%- endfor -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
