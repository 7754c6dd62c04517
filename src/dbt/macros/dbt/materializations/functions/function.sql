{# Which macro writes the function depends on its type and language: `scalar_function_sql`, `aggregate_function_sql`. #}
{% materialization function, default, supported_languages=['sql', 'python', 'javascript'] -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='function') -%}
  {%- set writer = config.get('type', 'scalar') ~ '_function_' ~ model.get('language', 'sql') -%}
  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}
  {%- set choose = adapter.dispatch -%}
  {%- do function_execute_build_sql(choose(writer, 'dbt')(target), existing, target) -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do adapter.commit() -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
