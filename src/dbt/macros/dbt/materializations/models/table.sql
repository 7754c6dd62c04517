{# The new table is built beside the old relation, then takes its name in the same transaction. #}
{% materialization table, default -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='table') -%}
  {%- set incoming = make_intermediate_relation(target) -%}
  {%- set outgoing = make_backup_relation(target, existing.type if existing is not none else 'table') -%}

  {%- do drop_relation_if_exists(load_cached_relation(incoming)) -%}
  {%- do drop_relation_if_exists(load_cached_relation(outgoing)) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}

  {%- call statement('main') -%}
    {{ get_create_table_as_sql(False, incoming, sql) }}
  {%- endcall -%}
  {%- do create_indexes(incoming) -%}

  {%- if existing is not none -%}
    {%- do adapter.rename_relation(existing, outgoing) -%}
  {%- endif -%}
  {%- do adapter.rename_relation(incoming, target) -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
  {%- do persist_docs(target, model) -%}
  {%- do adapter.commit() -%}

  {%- do drop_relation_if_exists(outgoing) -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
