/** The config room: flags, environment, .env and duckhouse.yaml, read once into one object. It knows no command. */

export { packageVersion } from '../version.ts';
export {
  type Config,
  type ConfigSources,
  loadConfig,
  type ShownSetting,
  shownSettings,
  workspaceEnv,
} from './config.ts';
export {
  isRunning,
  lockFileIn,
  lockHolder,
  lockText,
  orphanedServer,
  readServerFile,
  removeServerFile,
  type ServerFile,
  workspaceAbove,
  writeServerFile,
} from './server-file.ts';
export { type Setting, type SettingName, settingNames, settingOf } from './settings.ts';
