import type { MessageId } from '../messages/index.ts';

/** One setting: where it may come from, in which form, and what it is without. */
export interface Setting {
  /** Path in duckhouse.yaml, dots between its levels. */
  readonly yaml: string;
  /** Environment variables, the first found counts. */
  readonly env: readonly string[];
  readonly type: 'text' | 'port' | 'number' | 'count' | 'flag' | 'choice';
  readonly choices?: readonly string[];
  readonly fallback?: string;
  /** Long option of the commands that take it. */
  readonly flag?: string;
  readonly help?: MessageId;
  readonly secret?: true;
}

/** Every setting. A new one is an entry here; the names without DUCKHOUSE_ are those of the Python project of the same name. */
export const settings = {
  host: {
    yaml: 'host',
    env: ['DUCKHOUSE_HOST', 'FLIGHT_SERVER_HOST'],
    type: 'text',
    fallback: '127.0.0.1',
    flag: '--host <address>',
    help: 'setting.host',
  },
  flightPort: {
    yaml: 'flight.port',
    env: ['DUCKHOUSE_FLIGHT_PORT', 'FLIGHT_SERVER_PORT'],
    type: 'port',
    fallback: '8815',
    flag: '--flight-port <port>',
    help: 'setting.flightPort',
  },
  httpPort: {
    yaml: 'http.port',
    env: ['DUCKHOUSE_HTTP_PORT'],
    type: 'port',
    fallback: '8080',
    flag: '--http-port <port>',
    help: 'setting.httpPort',
  },
  putMode: {
    yaml: 'flight.putMode',
    env: ['DUCKHOUSE_PUT_MODE'],
    type: 'choice',
    choices: ['create', 'append', 'replace', 'create_append'],
    fallback: 'create_append',
  },
  maxMessageBytes: {
    yaml: 'flight.maxMessageBytes',
    env: ['DUCKHOUSE_MAX_MESSAGE_BYTES'],
    type: 'count',
    fallback: '1073741824',
  },
  maxHeaderBytes: {
    yaml: 'flight.maxHeaderBytes',
    env: ['DUCKHOUSE_MAX_HEADER_BYTES'],
    type: 'count',
    fallback: '262144',
  },
  database: {
    yaml: 'database',
    env: ['DUCKHOUSE_DATABASE', 'DUCKDB_PATH'],
    type: 'text',
    flag: '--database <file>',
    help: 'setting.database',
  },
  memoryLimit: {
    yaml: 'memory.limit',
    env: ['DUCKHOUSE_MEMORY_LIMIT'],
    type: 'text',
    flag: '--memory-limit <size>',
    help: 'setting.memoryLimit',
  },
  memoryWall: {
    yaml: 'memory.wall',
    env: ['DUCKHOUSE_MEMORY_WALL'],
    type: 'text',
    flag: '--memory-wall <size>',
    help: 'setting.memoryWall',
  },
  workers: {
    yaml: 'workers',
    env: ['DUCKHOUSE_WORKERS'],
    type: 'count',
    flag: '--workers <count>',
    help: 'setting.workers',
  },
  preserveOrder: {
    yaml: 'preserveInsertionOrder',
    env: ['DUCKHOUSE_PRESERVE_INSERTION_ORDER'],
    type: 'flag',
    fallback: 'true',
  },
  queryTimeoutSeconds: { yaml: 'query.timeoutSeconds', env: ['DUCKHOUSE_QUERY_TIMEOUT_SECONDS'], type: 'number' },
  maxRows: { yaml: 'query.maxRows', env: ['DUCKHOUSE_MAX_ROWS'], type: 'count' },
  groupCommit: { yaml: 'sessions.groupCommit', env: ['DUCKHOUSE_GROUP_COMMIT'], type: 'flag', fallback: 'true' },
  maxSessions: { yaml: 'sessions.max', env: ['DUCKHOUSE_MAX_SESSIONS'], type: 'count', fallback: '1000' },
  sessionIdleSeconds: {
    yaml: 'sessions.idleSeconds',
    env: ['DUCKHOUSE_SESSION_IDLE_SECONDS'],
    type: 'number',
    fallback: '1800',
  },
  maxStatements: { yaml: 'sessions.maxStatements', env: ['DUCKHOUSE_MAX_STATEMENTS'], type: 'count', fallback: '100' },
  maxRunning: { yaml: 'query.maxRunning', env: ['DUCKHOUSE_MAX_RUNNING'], type: 'count', fallback: '64' },
  drainSeconds: {
    yaml: 'drainSeconds',
    env: ['DUCKHOUSE_DRAIN_SECONDS'],
    type: 'number',
    fallback: '30',
    flag: '--drain-seconds <seconds>',
    help: 'setting.drainSeconds',
  },
  insecure: {
    yaml: 'insecure',
    env: ['DUCKHOUSE_INSECURE'],
    type: 'flag',
    fallback: 'false',
    flag: '--insecure',
    help: 'setting.insecure',
  },
  username: {
    yaml: 'username',
    env: ['DUCKHOUSE_USERNAME'],
    type: 'text',
    fallback: 'admin',
    flag: '--username <name>',
    help: 'setting.username',
  },
  password: { yaml: 'password', env: ['DUCKHOUSE_PASSWORD'], type: 'text', secret: true },
  passwordFile: {
    yaml: 'passwordFile',
    env: ['DUCKHOUSE_PASSWORD_FILE'],
    type: 'text',
    flag: '--password-file <file>',
    help: 'setting.passwordFile',
  },
  usersFile: { yaml: 'access.usersFile', env: ['DUCKHOUSE_USERS_FILE'], type: 'text' },
  trusted: {
    yaml: 'access.trusted',
    env: ['DUCKHOUSE_TRUSTED'],
    type: 'flag',
    fallback: 'false',
    flag: '--trusted',
    help: 'setting.trusted',
  },
  tokenKey: { yaml: 'access.tokenKey', env: ['DUCKHOUSE_TOKEN_KEY'], type: 'text', secret: true },
  tokenHours: { yaml: 'access.tokenHours', env: ['DUCKHOUSE_TOKEN_HOURS'], type: 'number', fallback: '24' },
  certificateRole: {
    yaml: 'access.certificateRole',
    env: ['DUCKHOUSE_CERTIFICATE_ROLE'],
    type: 'choice',
    choices: ['reader', 'writer', 'admin'],
  },
  jwtKeys: { yaml: 'access.jwt.keys', env: ['DUCKHOUSE_JWT_KEYS'], type: 'text' },
  jwtIssuer: { yaml: 'access.jwt.issuer', env: ['DUCKHOUSE_JWT_ISSUER'], type: 'text' },
  jwtAudience: { yaml: 'access.jwt.audience', env: ['DUCKHOUSE_JWT_AUDIENCE'], type: 'text' },
  jwtSkewSeconds: {
    yaml: 'access.jwt.skewSeconds',
    env: ['DUCKHOUSE_JWT_SKEW_SECONDS'],
    type: 'number',
    fallback: '60',
  },
  jwtNameClaim: {
    yaml: 'access.jwt.nameClaim',
    env: ['DUCKHOUSE_JWT_NAME_CLAIM'],
    type: 'text',
    fallback: 'sub',
  },
  jwtRoleClaim: {
    yaml: 'access.jwt.roleClaim',
    env: ['DUCKHOUSE_JWT_ROLE_CLAIM'],
    type: 'text',
    fallback: 'role',
  },
  jwtDefaultRole: {
    yaml: 'access.jwt.defaultRole',
    env: ['DUCKHOUSE_JWT_DEFAULT_ROLE'],
    type: 'choice',
    choices: ['reader', 'writer', 'admin'],
  },
  token: { yaml: 'token', env: ['DUCKHOUSE_TOKEN'], type: 'text', secret: true },
  tlsCert: {
    yaml: 'tls.cert',
    env: ['DUCKHOUSE_TLS_CERT'],
    type: 'text',
    flag: '--tls-cert <file>',
    help: 'setting.tlsCert',
  },
  tlsKey: {
    yaml: 'tls.key',
    env: ['DUCKHOUSE_TLS_KEY'],
    type: 'text',
    flag: '--tls-key <file>',
    help: 'setting.tlsKey',
  },
  tlsClientCa: {
    yaml: 'tls.clientCa',
    env: ['DUCKHOUSE_TLS_CLIENT_CA'],
    type: 'text',
    flag: '--tls-client-ca <file>',
    help: 'setting.tlsClientCa',
  },
  tlsCa: { yaml: 'tls.ca', env: ['DUCKHOUSE_TLS_CA'], type: 'text', flag: '--tls-ca <file>', help: 'setting.tlsCa' },
  server: { yaml: 'server', env: ['DUCKHOUSE_SERVER'], type: 'text', flag: '--server <uri>', help: 'option.server' },
  logLevel: {
    yaml: 'log.level',
    env: ['DUCKHOUSE_LOG_LEVEL', 'LOG_LEVEL'],
    type: 'choice',
    choices: ['debug', 'info', 'warn', 'error'],
    fallback: 'warn',
    flag: '--log-level <level>',
    help: 'setting.logLevel',
  },
  logFormat: {
    yaml: 'log.format',
    env: ['DUCKHOUSE_LOG_FORMAT'],
    type: 'choice',
    choices: ['json', 'text'],
    fallback: 'text',
    flag: '--log-format <format>',
    help: 'setting.logFormat',
  },
  lang: { yaml: 'lang', env: ['DUCKHOUSE_LANG', 'LC_ALL', 'LC_MESSAGES', 'LANG'], type: 'text', fallback: 'en' },
  csvPath: { yaml: 'ingest.path', env: ['DUCKHOUSE_CSV_PATH', 'CSV_PATH'], type: 'text' },
  flightTableName: { yaml: 'ingest.table', env: ['DUCKHOUSE_TABLE_NAME', 'FLIGHT_TABLE_NAME'], type: 'text' },
  s3Endpoint: { yaml: 's3.endpoint', env: ['DUCKHOUSE_S3_ENDPOINT', 'S3_ENDPOINT'], type: 'text' },
  awsAccessKeyId: { yaml: 's3.accessKeyId', env: ['AWS_ACCESS_KEY_ID'], type: 'text', secret: true },
  awsSecretAccessKey: { yaml: 's3.secretAccessKey', env: ['AWS_SECRET_ACCESS_KEY'], type: 'text', secret: true },
  icebergWarehouse: {
    yaml: 'iceberg.warehouse',
    env: ['DUCKHOUSE_ICEBERG_WAREHOUSE', 'ICEBERG_WAREHOUSE'],
    type: 'text',
  },
  icebergNamespace: {
    yaml: 'iceberg.namespace',
    env: ['DUCKHOUSE_ICEBERG_NAMESPACE', 'ICEBERG_NAMESPACE'],
    type: 'text',
  },
  icebergCatalog: { yaml: 'iceberg.catalog', env: ['DUCKHOUSE_ICEBERG_CATALOG', 'ICEBERG_CATALOG'], type: 'text' },
  dbtProfilesDir: { yaml: 'dbt.profilesDir', env: ['DBT_PROFILES_DIR'], type: 'text' },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as SettingName[];
export const settingOf = (name: SettingName): Setting => settings[name];
