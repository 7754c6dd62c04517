/** The monitor room: health, version and metrics over HTTP. It knows nothing of Flight. */
export { createMonitor, type Monitor, type MonitorOptions, type Readiness } from './monitor.ts';
