{% materialization incremental, default -%}
  {%- do return(materialization_incremental_duckdb()) -%}
{%- endmaterialization %}
