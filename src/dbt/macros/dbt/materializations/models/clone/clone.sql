{# A view over the relation of the other state; a copy where the adapter can clone tables. #}
{% materialization clone, default -%}
  {%- if not defer_relation -%}
    {%- do log('No relation found in state manifest for ' ~ model.unique_id, info=True) -%}
    {%- do return({'relations': []}) -%}
  {%- endif -%}

  {%- set existing = load_cached_relation(this) -%}
  {%- if existing and not flags.FULL_REFRESH -%}
    {%- do log('Relation ' ~ existing ~ ' already exists', info=True) -%}
    {%- do return({'relations': []}) -%}
  {%- endif -%}

  {%- set other = load_cached_relation(defer_relation) -%}
  {%- set may_clone = can_clone_table() -%}
  {%- if other and other.type == 'table' and may_clone -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- if existing is not none and not existing.is_table -%}
      {%- do drop_relation_if_exists(existing) -%}
    {%- endif -%}
    {%- if target.render() != defer_relation.render() -%}
      {%- call statement('main') -%}
        {{ create_or_replace_clone(target, defer_relation) }}
      {%- endcall -%}
    {%- endif -%}
    {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target, model) -%}
    {%- do adapter.commit() -%}
    {%- do return({'relations': [target]}) -%}
  {%- endif -%}

  {%- set own = 'materialization_view_' ~ adapter.type() -%}
  {%- set as_view = context[own if own in context else 'materialization_view_default'] -%}
  {%- do return(as_view()) -%}
{%- endmaterialization %}
