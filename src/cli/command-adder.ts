import type { Command } from 'commander';
import type { SettingName } from '../config/settings.ts';
import type { Translator } from '../messages/index.ts';
import type { CommandContext } from './effects.ts';

export type CommandFlags = Readonly<Record<string, unknown>>;
/** The exit code; nothing = 0. */
type Run = (context: CommandContext, flags: CommandFlags, args: readonly string[]) => Promise<number | void>;

/** Adds a command with the settings it takes as options; its code is loaded when it runs. */
export type CommandAdder = (
  usage: string,
  help: Parameters<Translator['t']>[0],
  settings: readonly SettingName[],
  run: Run,
) => Command;
