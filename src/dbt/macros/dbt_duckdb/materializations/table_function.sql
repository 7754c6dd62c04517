{# A parameterised view: a DuckDB table macro, called as `{{ ref('x') }}(1, 2)`. #}
{% materialization table_function, adapter='duckdb' -%}
  {%- set target = api.Relation.create(identifier=model['alias'], schema=schema, database=database, type='view') -%}
  {%- set parameters = config.get('parameters') -%}
  {%- set names = '' if not parameters else (parameters | join(', ') if parameters is not string and parameters is iterable else parameters) -%}

  {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
  {%- do run_hooks(pre_hooks, inside_transaction=True) -%}
  {%- call statement('main') -%}
    create or replace function {{ target.render() }}({{ names }}) as table (
      {{ sql }}
    )
  {%- endcall -%}
  {%- do run_hooks(post_hooks, inside_transaction=True) -%}
  {%- do persist_docs(target, model) -%}
  {%- do adapter.commit() -%}
  {%- do run_hooks(post_hooks, inside_transaction=False) -%}
  {%- do return({'relations': [target]}) -%}
{%- endmaterialization %}
