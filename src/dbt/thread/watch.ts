import { type FSWatcher, watch } from 'node:fs';

/** Events come in bursts: an editor writes, renames, touches. */
const quietMs = 250;
/** Beyond these a project is not watched; what has changed is found when a command asks. */
const maxFolders = 4096;

export interface FolderWatch {
  close(): void;
}

/** Tells once, a moment after anything in the folders changed. Where watching is not possible it never tells. */
export function watchFolders(folders: ReadonlySet<string>, onChange: () => void): FolderWatch {
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    clearTimeout(timer);
    for (const watcher of watchers.splice(0)) watcher.close();
  };
  const note = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      close();
      onChange();
    }, quietMs);
  };
  if (folders.size > maxFolders) return { close };
  try {
    for (const folder of folders) {
      const watcher = watch(folder, { persistent: false }, note);
      watcher.on('error', () => undefined); // a folder that is gone: its parent tells
      watchers.push(watcher);
    }
  } catch {
    close(); // no more watches to be had
  }
  return { close };
}
