{# The new table is built beside the old relation, then takes its name in the same transaction.
   A table with foreign keys cannot be renamed: it is dropped and built in place, inside the transaction. #}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {%- set language = model['language'] -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='table') -%}
  {%- set incoming = make_intermediate_relation(target) -%}
  {%- set outgoing = make_backup_relation(target, existing.type if existing is not none else 'table') -%}
  {%- set in_place = has_foreign_key_constraints(existing) -%}
  {%- set dependents = [] -%}

  {%- do drop_relation_if_exists(load_cached_relation(incoming)) -%}
  {%- do drop_relation_if_exists(load_cached_relation(outgoing)) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}

  {%- if in_place and existing is not none -%}
    {%- set dependents = drop_relation_for_rebuild(existing) -%}
  {%- endif -%}
  {%- call statement('main', language=language) -%}
    {{- create_table_as(False, target if in_place else incoming, compiled_code, language) -}}
  {%- endcall -%}

  {%- if not in_place -%}
    {%- if existing is not none -%}
      {%- do drop_indexes_on_relation(existing) -%}
      {%- if existing.is_table and may_be_foreign_key_target(existing) -%}
        {%- set dependents = drop_foreign_key_dependents(existing) -%}
      {%- endif -%}
      {%- do adapter.rename_relation(existing, outgoing) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(incoming, target) -%}
  {%- endif -%}
  {%- do restore_foreign_key_dependents(dependents) -%}
  {%- do create_indexes(target) -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
  {%- do persist_docs(target, model) -%}
  {%- do adapter.commit() -%}

  {%- do drop_relation_if_exists(outgoing) -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
