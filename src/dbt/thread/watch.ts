import { type FSWatcher, watch } from 'node:fs';

/** Events come in bursts: an editor writes, renames, touches. */
const quietMs = 250;
/** Beyond these a project is not watched; what has changed is found when a command asks. */
const maxFolders = 4096;

export interface FolderWatch {
  /** What changes from now on is not told. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Tells a moment after anything in the folders changed how many files did. Where watching is not possible it never tells. */
export function watchFolders(folders: ReadonlySet<string>, onChange: (changes: number) => void): FolderWatch {
  const watchers: FSWatcher[] = [];
  const changed = new Set<string>();
  let isPaused = false;
  let timer: NodeJS.Timeout | undefined;
  const forget = (): void => {
    clearTimeout(timer);
    changed.clear();
  };
  const tell = (): void => {
    const changes = changed.size;
    forget();
    onChange(changes);
  };
  const note = (folder: string, name: string): void => {
    if (isPaused) return;
    changed.add(`${folder}/${name}`);
    clearTimeout(timer);
    timer = setTimeout(tell, quietMs).unref();
  };
  const close = (): void => {
    forget();
    for (const watcher of watchers.splice(0)) watcher.close();
  };
  try {
    for (const folder of folders.size > maxFolders ? [] : folders) {
      const watcher = watch(folder, { persistent: false }, (_, name) => note(folder, String(name)));
      watcher.on('error', () => undefined); // a folder that is gone: its parent tells
      watchers.push(watcher);
    }
  } catch {
    close(); // no more watches to be had
  }
  return {
    pause() {
      isPaused = true;
      forget();
    },
    resume() {
      isPaused = false;
    },
    close,
  };
}
