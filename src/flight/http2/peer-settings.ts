import {
  ConnectionError,
  defaultFrameSize,
  errorCodes,
  largestFrameSize,
  largestWindow,
  settingIds,
} from './protocol.ts';

export interface Setting {
  readonly id: number;
  readonly value: number;
}

/** RFC 9113, section 6.5.2: throws ConnectionError for values that are not allowed. */
export function* readSettings(payload: Buffer): Generator<Setting> {
  for (let at = 0; at < payload.byteLength; at += 6) {
    const setting = { id: payload.readUInt16BE(at), value: payload.readUInt32BE(at + 2) };
    check(setting);
    yield setting;
  }
}

function check({ id, value }: Setting): void {
  if (id === settingIds.ENABLE_PUSH && value > 1) throw refused('ENABLE_PUSH', value);
  if (id === settingIds.INITIAL_WINDOW_SIZE && value > largestWindow)
    throw new ConnectionError(errorCodes.FLOW_CONTROL_ERROR, `INITIAL_WINDOW_SIZE ${value}`);
  if (id === settingIds.MAX_FRAME_SIZE && (value < defaultFrameSize || value > largestFrameSize))
    throw refused('MAX_FRAME_SIZE', value);
}

const refused = (name: string, value: number): ConnectionError =>
  new ConnectionError(errorCodes.PROTOCOL_ERROR, `${name} ${value}`);
