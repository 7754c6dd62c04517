{% macro alter_column_comment(relation, column_dict) -%}
  {{ return(adapter.dispatch('alter_column_comment', 'dbt')(relation, column_dict)) }}
{%- endmacro %}

{% macro default__alter_column_comment(relation, column_dict) -%}
  {%- do exceptions.raise_not_implemented('alter_column_comment macro not implemented for adapter ' ~ adapter.type()) -%}
{%- endmacro %}

{% macro alter_relation_comment(relation, relation_comment) -%}
  {{ return(adapter.dispatch('alter_relation_comment', 'dbt')(relation, relation_comment)) }}
{%- endmacro %}

{% macro default__alter_relation_comment(relation, relation_comment) -%}
  {%- do exceptions.raise_not_implemented('alter_relation_comment macro not implemented for adapter ' ~ adapter.type()) -%}
{%- endmacro %}

{# The documented columns that the relation has; a documented column it lacks is told in the log. #}
{% macro validate_doc_columns(relation, column_dict, existing_column_names) -%}
  {%- set present = {} -%}
  {%- for name, column in column_dict.items() -%}
    {%- if name in existing_column_names or name | lower in existing_column_names | map('lower') | list -%}
      {%- do present.update({name: column}) -%}
    {%- else -%}
      {%- do log('In relation ' ~ relation.render() ~ ': column ' ~ name ~ ' is documented but does not exist', info=false) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(present) }}
{%- endmacro %}

{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
  {{ return(adapter.dispatch('persist_docs', 'dbt')(relation, model, for_relation, for_columns)) }}
{%- endmacro %}

{# Writes descriptions into the database where the configuration asks for it. #}
{% macro default__persist_docs(relation, model, for_relation, for_columns) -%}
  {%- if for_relation and config.persist_relation_docs() and model.description -%}
    {%- do run_query(alter_relation_comment(relation, model.description)) -%}
  {%- endif -%}
  {%- if for_columns and config.persist_column_docs() and model.columns -%}
    {%- set statements = alter_column_comment(relation, model.columns) -%}
    {%- if statements and statements | trim -%}
      {%- do run_query(statements) -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
