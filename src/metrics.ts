export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels: Labels, amount?: number): void;
}
export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/** Counters, gauges and histograms of one process, shown as Prometheus text. */
export interface Metrics {
  counter(name: string, help: string): Counter;
  /** `read` is asked at each scrape. */
  gauge(name: string, help: string, read: () => number): void;
  /** Buckets are upper bounds, ascending. */
  histogram(name: string, help: string, buckets?: readonly number[]): Histogram;
  render(): string;
}

/** Seconds. */
const latencyBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];

interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly lines: () => string[];
}

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      families.set(name, {
        type: 'counter',
        help,
        lines: () => [...values].map(([labels, value]) => `${name}${labels} ${value}`),
      });
      return {
        add(labels, amount = 1) {
          const key = labelText(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    gauge: (name, help, read) => void families.set(name, { type: 'gauge', help, lines: () => [`${name} ${read()}`] }),
    histogram(name, help, buckets = latencyBuckets) {
      const series = new Map<
        string,
        { readonly labels: Labels; readonly counts: number[]; sum: number; count: number }
      >();
      families.set(name, {
        type: 'histogram',
        help,
        lines: () => [...series.values()].flatMap((one) => histogramLines(name, buckets, one)),
      });
      return {
        observe(labels, value) {
          const key = labelText(labels);
          const one = series.get(key) ?? { labels, counts: buckets.map(() => 0), sum: 0, count: 0 };
          series.set(key, one);
          for (const [i, bound] of buckets.entries()) if (value <= bound) one.counts[i] = (one.counts[i] as number) + 1;
          one.sum += value;
          one.count++;
        },
      };
    },
    render: () =>
      [...families]
        .map(([name, { type, help, lines }]) =>
          [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines(), ''].join('\n'),
        )
        .join(''),
  };
}

interface Series {
  readonly labels: Labels;
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

function histogramLines(name: string, buckets: readonly number[], { labels, counts, sum, count }: Series): string[] {
  const bucket = (bound: string, value: number): string =>
    `${name}_bucket${labelText({ ...labels, le: bound })} ${value}`;
  return [
    ...buckets.map((bound, i) => bucket(String(bound), counts[i] as number)),
    bucket('+Inf', count),
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${count}`,
  ];
}

/** Labels that are the same object again are common, and their text is known then. */
const labelTexts = new WeakMap<Labels, string>();

function labelText(labels: Labels): string {
  const known = labelTexts.get(labels);
  if (known !== undefined) return known;
  const text = writeLabels(labels);
  labelTexts.set(labels, text);
  return text;
}

function writeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
