{#
  Runs the text between its tags and keeps the result under a name for load_result().
  Nothing runs while a project is parsed.
#}
{% macro statement(name=None, fetch_result=False, auto_begin=True, language='sql') -%}
  {%- if not execute -%}
    {{ return('') }}
  {%- elif language not in ('sql', 'python') -%}
    {%- do exceptions.raise_compiler_error("statement macro didn't get supported language") -%}
  {%- endif -%}
  {%- set text = caller() -%}
  {%- do keep_statement(name, text, language) -%}
  {%- set answer = (submit_python_job(model, text), none) if language == 'python' else adapter.execute(text, auto_begin=auto_begin, fetch=fetch_result) -%}
  {%- if name is not none -%}
    {{ store_result(name, response=answer[0], agate_table=answer[1]) }}
  {%- endif -%}
{%- endmacro %}

{# The main statement of a node is written beside its compiled text. #}
{% macro keep_statement(name, text, language) -%}
  {%- if name == 'main' -%}
    {%- do log('Statement of ' ~ model['unique_id'] ~ ' in ' ~ language) -%}
    {%- do write(text) -%}
  {%- endif -%}
{%- endmacro %}

{# Keeps a result as if a statement had run; its text is only written down. #}
{% macro noop_statement(name=None, message=None, code=None, rows_affected=None, res=None) -%}
  {%- do keep_statement(name, caller(), 'sql') -%}
  {%- set result = {'message': message, 'code': code, 'rows_affected': rows_affected, 'agate_table': res} -%}
  {{ store_raw_result(name, **result) if name is not none }}
{%- endmacro %}

{# The rows of a query, or none while a project is parsed. #}
{% macro run_query(sql) -%}
  {%- call statement('run_query_statement', fetch_result=true, auto_begin=false) %}
    {{ sql }}
  {%- endcall -%}
  {{ return(load_result('run_query_statement').table) }}
{%- endmacro %}
