{# The new view is made beside the old relation, then takes its name in the same transaction. #}
{% materialization view, default -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='view') -%}
  {%- set incoming = make_intermediate_relation(target) -%}
  {%- set outgoing = make_backup_relation(target, existing.type if existing is not none else 'view') -%}

  {%- do drop_relation_if_exists(load_cached_relation(incoming)) -%}
  {%- do drop_relation_if_exists(load_cached_relation(outgoing)) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}

  {%- call statement('main') -%}
    {{ get_create_view_as_sql(incoming, sql) }}
  {%- endcall -%}

  {%- if existing is not none -%}
    {%- set still_there = load_cached_relation(existing) -%}
    {%- if still_there is not none -%}
      {%- do adapter.rename_relation(existing, outgoing) -%}
    {%- endif -%}
  {%- endif -%}
  {%- do adapter.rename_relation(incoming, target) -%}
  {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
  {%- do persist_docs(target, model) -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do adapter.commit() -%}

  {%- do drop_relation_if_exists(outgoing) -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
