export { DuckhouseError, type ErrorKind } from './errors.ts';
