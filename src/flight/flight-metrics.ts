import type { Labels, Metrics } from '../metrics.ts';

export interface FlightMetrics {
  started(): void;
  finished(rpc: { readonly method: string; readonly code: string; readonly seconds: number }): void;
  rows(direction: 'in' | 'out', count: number): void;
  bytes(direction: 'in' | 'out', count: number): void;
  openCalls(): number;
}

const directions = { in: { direction: 'in' }, out: { direction: 'out' } } as const;

/** One object for the same labels: methods and codes are few. */
function labelsOf(): (method: string, code?: string) => Labels {
  const known = new Map<string, Labels>();
  return (method, code) => {
    const key = code === undefined ? method : `${method} ${code}`;
    const labels = known.get(key) ?? (code === undefined ? { method } : { method, code });
    known.set(key, labels);
    return labels;
  };
}

export function createFlightMetrics(metrics: Metrics): FlightMetrics {
  const calls = metrics.counter('duckhouse_flight_calls_total', 'Flight calls by method and gRPC code');
  const seconds = metrics.histogram('duckhouse_flight_call_seconds', 'Duration of Flight calls');
  const rows = metrics.counter('duckhouse_flight_rows_total', 'Rows that went in and out');
  const bytes = metrics.counter('duckhouse_flight_bytes_total', 'Bytes that went in and out');
  const labels = labelsOf();
  let open = 0;
  metrics.gauge('duckhouse_flight_open_calls', 'Flight calls that run', () => open);
  return {
    started: () => void open++,
    finished({ method, code, seconds: duration }) {
      open--;
      calls.add(labels(method, code));
      seconds.observe(labels(method), duration);
    },
    rows: (direction, count) => rows.add(directions[direction], count),
    bytes: (direction, count) => bytes.add(directions[direction], count),
    openCalls: () => open,
  };
}
