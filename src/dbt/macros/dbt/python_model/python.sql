{# How a relation is named in the text of a Python model. #}
{% macro resolve_model_name(input_model_name) -%}
  {{ return(adapter.dispatch('resolve_model_name', 'dbt')(input_model_name)) }}
{%- endmacro %}

{% macro default__resolve_model_name(input_model_name) -%}
  {{ input_model_name | string }}
{%- endmacro %}

{% macro build_ref_function(model) -%}
  {%- set relations = {} -%}
  {%- for reference in model.refs -%}
    {%- set parts = [reference.package, reference.name] if reference.package else [reference.name] -%}
    {%- set key = parts | join('.') ~ ('.v' ~ reference.version if reference.version else '') -%}
    {%- do relations.update({key: resolve_model_name(ref(*parts, v=reference.version))}) -%}
  {%- endfor -%}
def ref(*args, **kwargs):
    refs = {{ tojson(relations) }}
    key = '.'.join(args)
    version = kwargs.get("v") or kwargs.get("version")
    if version:
        key += f".v{version}"
    dbt_load_df_function = kwargs.get("dbt_load_df_function")
    return dbt_load_df_function(refs[key])

{% endmacro %}

{% macro build_source_function(model) -%}
  {%- set relations = {} -%}
  {%- for parts in model.sources -%}
    {%- do relations.update({parts | join('.'): resolve_model_name(source(*parts))}) -%}
  {%- endfor -%}
def source(*args, dbt_load_df_function):
    sources = {{ tojson(relations) }}
    key = '.'.join(args)
    return dbt_load_df_function(sources[key])

{% endmacro %}

{# The configuration that a Python model reads, as Python literals. #}
{% macro build_config_dict(model) -%}
  {%- set used = {} -%}
  {%- set defaults = model.config.config_keys_defaults or [] -%}
  {%- for key in model.config.config_keys_used or [] -%}
    {%- do used.update({key: config.get(key, default=defaults[loop.index0] if defaults | length > loop.index0 else none)}) -%}
  {%- endfor -%}
  {%- set used_meta = {} -%}
  {%- for key in model.config.meta_keys_used or [] -%}
    {%- do used_meta.update({key: (model.config.meta or {}).get(key)}) -%}
  {%- endfor -%}
config_dict = {{ used }}
meta_dict = {{ used_meta }}
{% endmacro %}

{# What follows the user's text: the `dbt` object it gets, with ref, source, config and this. #}
{% macro py_script_postfix(model) %}
# The functions and objects below are what the model gets as `dbt`.

{{ build_ref_function(model) }}
{{ build_source_function(model) }}
{{ build_config_dict(model) }}

class config:
    def __init__(self, *args, **kwargs):
        pass

    @staticmethod
    def get(key, default=None):
        return config_dict.get(key, default)

    @staticmethod
    def meta_get(key, default=None):
        return meta_dict.get(key, default)

class this:
    database = "{{ this.database }}"
    schema = "{{ this.schema }}"
    identifier = "{{ this.identifier }}"

    def __repr__(self):
        return '{{ this }}'


class dbtObj:
    def __init__(self, load_df_function) -> None:
        self.source = lambda *args: source(*args, dbt_load_df_function=load_df_function)
        self.ref = lambda *args, **kwargs: ref(*args, **kwargs, dbt_load_df_function=load_df_function)
        self.config = config
        self.this = this()
        self.is_incremental = {{ 'True' if is_incremental() else 'False' }}

{{ py_script_comment() }}
{% endmacro %}

{# A place for adapters to add text at the end. #}
{% macro py_script_comment() %}
{% endmacro %}
