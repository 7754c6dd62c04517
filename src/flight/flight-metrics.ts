import type { Metrics } from '../metrics.ts';

export interface FlightMetrics {
  started(): void;
  finished(rpc: { readonly method: string; readonly code: string; readonly seconds: number }): void;
  rows(direction: 'in' | 'out', count: number): void;
  bytes(direction: 'in' | 'out', count: number): void;
  openCalls(): number;
}

export function createFlightMetrics(metrics: Metrics): FlightMetrics {
  const calls = metrics.counter('duckhouse_flight_calls_total', 'Flight calls by method and gRPC code');
  const seconds = metrics.histogram('duckhouse_flight_call_seconds', 'Duration of Flight calls');
  const rows = metrics.counter('duckhouse_flight_rows_total', 'Rows that went in and out');
  const bytes = metrics.counter('duckhouse_flight_bytes_total', 'Bytes that went in and out');
  let open = 0;
  metrics.gauge('duckhouse_flight_open_calls', 'Flight calls that run', () => open);
  return {
    started: () => void open++,
    finished({ method, code, seconds: duration }) {
      open--;
      calls.add({ method, code });
      seconds.observe({ method }, duration);
    },
    rows: (direction, count) => rows.add({ direction }, count),
    bytes: (direction, count) => bytes.add({ direction }, count),
    openCalls: () => open,
  };
}
