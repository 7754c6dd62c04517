{#
  Makes the views of external models that this run selects from but does not build,
  so that a run on an empty database finds them. For `on-run-start`.
#}
{% macro register_upstream_external_models() -%}
  {%- if execute -%}
    {%- set upstream = {} -%}
    {%- set schemas = {} -%}
    {%- for id in selected_resources if id.startswith('model.') or id.startswith('test.') or id.startswith('snapshot.') -%}
      {%- for parent in graph.nodes[id].depends_on.nodes -%}
        {%- set found = graph.nodes.get(parent) -%}
        {%- if found and parent not in selected_resources and found.config.materialized == 'external' -%}
          {%- do upstream.update({parent: found}) -%}
        {%- endif -%}
      {%- endfor -%}
    {%- endfor -%}
    {%- for id, found in upstream.items() -%}
      {%- set relation = api.Relation.create(database=found.database, schema=found.schema, identifier=found.alias, type='view') -%}
      {%- set settings = render_write_options(found.config) -%}
      {%- set format = settings.get('format', 'parquet') | string -%}
      {%- set location = found.config.get('location') or external_location(relation, found.config) -%}
      {%- set readable = adapter.external_read_location(location, settings) -%}
      {%- if location_exists(readable) -%}
        {%- if relation.schema not in schemas -%}
          {%- do schemas.update({relation.schema: True}) -%}
          {%- do create_schema(relation.without_identifier()) -%}
        {%- endif -%}
        {%- call statement('register_' ~ loop.index) -%}
          create or replace view {{ relation.render() }} as (select * from '{{ readable }}')
        {%- endcall -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}
