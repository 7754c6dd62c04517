import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../src/metrics.ts';

test('counters, gauges and histograms are rendered as Prometheus text', () => {
  const metrics = createMetrics();
  const calls = metrics.counter('calls_total', 'Calls');
  calls.add({ method: 'DoGet', code: 'OK' });
  calls.add({ method: 'DoGet', code: 'OK' }, 2);
  calls.add({ method: 'a"b\\c\nd', code: 'OK' });
  let open = 4;
  metrics.gauge('open', 'Open', () => open);
  const seconds = metrics.histogram('seconds', 'Seconds', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe({ method: 'DoGet' }, value);
  open = 5;
  assert.equal(
    metrics.render(),
    [
      '# HELP calls_total Calls',
      '# TYPE calls_total counter',
      'calls_total{method="DoGet",code="OK"} 3',
      'calls_total{method="a\\"b\\\\c\\nd",code="OK"} 1',
      '# HELP open Open',
      '# TYPE open gauge',
      'open 5',
      '# HELP seconds Seconds',
      '# TYPE seconds histogram',
      'seconds_bucket{method="DoGet",le="0.1"} 2',
      'seconds_bucket{method="DoGet",le="1"} 3',
      'seconds_bucket{method="DoGet",le="+Inf"} 4',
      'seconds_sum{method="DoGet"} 7.65',
      'seconds_count{method="DoGet"} 4',
      '',
    ].join('\n'),
  );
});

test('a family nothing was counted in yet has its two head lines only', () => {
  const metrics = createMetrics();
  metrics.counter('rows_total', 'Rows');
  assert.equal(metrics.render(), '# HELP rows_total Rows\n# TYPE rows_total counter\n');
});
