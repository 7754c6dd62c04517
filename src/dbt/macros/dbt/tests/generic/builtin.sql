{# The generic tests every project has; adapters and projects override them by dispatch. #}
{% test unique(model, column_name) %}
    {% set run = adapter.dispatch('test_unique', 'dbt') %}
    {{ run(model, column_name) }}
{% endtest %}

{% test not_null(model, column_name) %}
    {% set run = adapter.dispatch('test_not_null', 'dbt') %}
    {{ run(model, column_name) }}
{% endtest %}

{% test accepted_values(model, column_name, values, quote=True) %}
    {% set run = adapter.dispatch('test_accepted_values', 'dbt') %}
    {{ run(model, column_name, values, quote) }}
{% endtest %}

{% test relationships(model, column_name, to, field) %}
    {% set run = adapter.dispatch('test_relationships', 'dbt') %}
    {{ run(model, column_name, to, field) }}
{% endtest %}
