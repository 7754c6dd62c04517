{# Runs the hooks that are inside, or outside, the node's transaction. What is open is committed before those outside. #}
{% macro run_hooks(hooks, inside_transaction=True) -%}
  {%- set wanted = hooks | selectattr('transaction', 'equalto', inside_transaction) | list -%}
  {%- if wanted and not inside_transaction -%}
    {%- do adapter.commit() -%}
  {%- endif -%}
  {%- for hook in wanted -%}
    {%- set sql = render(hook.get('sql')) | trim -%}
    {%- if sql -%}
      {%- call statement(auto_begin=inside_transaction) -%}{{ sql }}{%- endcall -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}

{% macro make_hook_config(sql, inside_transaction) -%}
  {{ tojson({'sql': sql, 'transaction': inside_transaction}) }}
{%- endmacro %}

{% macro before_begin(sql) -%}
  {{ make_hook_config(sql, inside_transaction=False) }}
{%- endmacro %}

{% macro in_transaction(sql) -%}
  {{ make_hook_config(sql, inside_transaction=True) }}
{%- endmacro %}

{% macro after_commit(sql) -%}
  {{ make_hook_config(sql, inside_transaction=False) }}
{%- endmacro %}
