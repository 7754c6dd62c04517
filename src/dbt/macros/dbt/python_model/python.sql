{# How a relation is named in the text of a Python model. #}
{% macro resolve_model_name(input_model_name) -%}
  {{ return(adapter.dispatch('resolve_model_name', 'dbt')(input_model_name)) }}
{%- endmacro %}

{% macro default__resolve_model_name(input_model_name) -%}
  {{ input_model_name | string }}
{%- endmacro %}

{# The relations a Python model may ask for, by the dotted name it asks with. #}
{% macro build_ref_function(model) -%}
  {%- set known = {} -%}
  {%- for given in model.refs -%}
    {%- set dotted = (given.package ~ '.' if given.package else '') ~ given.name ~ ('.v' ~ given.version if given.version else '') -%}
    {%- set which = {'v': given.version} if given.version else {} -%}
    {%- set found = ref(given.package, given.name, **which) if given.package else ref(given.name, **which) -%}
    {%- do known.update({dotted: resolve_model_name(found)}) -%}
  {%- endfor -%}
_RELATIONS_OF_REFS = {{ known }}

def ref(*names, v=None, version=None, dbt_load_df_function):
    wanted = v or version
    dotted = ".".join(names) + (f".v{wanted}" if wanted else "")
    return dbt_load_df_function(_RELATIONS_OF_REFS[dotted])
{% endmacro %}

{% macro build_source_function(model) -%}
  {%- set known = {} -%}
  {%- for given in model.sources -%}
    {%- do known.update({given | join('.'): resolve_model_name(source(given[0], given[1]))}) -%}
  {%- endfor -%}
_RELATIONS_OF_SOURCES = {{ known }}

def source(*names, dbt_load_df_function):
    return dbt_load_df_function(_RELATIONS_OF_SOURCES[".".join(names)])
{% endmacro %}

{# The configuration that a Python model reads, as Python literals. #}
{% macro build_config_dict(model) -%}
  {%- set settings = {} -%}
  {%- set fallbacks = model.config.config_keys_defaults or [] -%}
  {%- for key in model.config.config_keys_used or [] -%}
    {%- do settings.update({key: config.get(key, default=fallbacks[loop.index0] if loop.index0 < fallbacks | length else none)}) -%}
  {%- endfor -%}
  {%- set notes = {} -%}
  {%- for key in model.config.meta_keys_used or [] -%}
    {%- do notes.update({key: (model.config.meta or {}).get(key, model.config.meta_keys_defaults[loop.index0])}) -%}
  {%- endfor -%}
config_dict = {{ settings }}
meta_dict = {{ notes }}
{% endmacro %}

{# What follows the user's text: the `dbt` object it gets, with ref, source, config and this. #}
{% macro py_script_postfix(model) %}
{{ build_ref_function(model) }}
{{ build_source_function(model) }}
{{ build_config_dict(model) }}

class _Settings:
    def __call__(self, *args, **kwargs):
        return self

    def get(self, key, default=None):
        return config_dict.get(key, default)

    def meta_get(self, key, default=None):
        return meta_dict.get(key, default)


class _Target:
    database, schema, identifier = {{ (this.database, this.schema, this.identifier) }}

    def __repr__(self):
        return {{ this | string | tojson }}


class dbtObj:
    """What a Python model gets as `dbt`; frames are loaded by the function it is made with."""

    is_incremental = {{ is_incremental() }}

    def __init__(self, load_df_function):
        self._load = load_df_function
        self.config = _Settings()
        self.this = _Target()

    def ref(self, *names, **which):
        return ref(*names, **which, dbt_load_df_function=self._load)

    def source(self, *names):
        return source(*names, dbt_load_df_function=self._load)

{{ py_script_comment() }}
{% endmacro %}

{# A place for adapters to add text at the end. #}
{% macro py_script_comment() %}
{% endmacro %}
