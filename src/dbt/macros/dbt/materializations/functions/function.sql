{# A scalar function becomes a DuckDB macro. #}
{% materialization function, default, supported_languages=['sql'] -%}
  {%- set target = this.incorporate(type='function') -%}
  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}
  {%- do function_execute_build_sql(scalar_function_sql(target), none, target) -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do adapter.commit() -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
