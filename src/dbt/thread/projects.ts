/** Projects that were parsed lately, each with its memo; the one not used for longest goes first. */
import path from 'node:path';
import { ParseMemo } from '../parse/memo.ts';
import type { ParseFlags } from '../project-types.ts';

const maxProjects = 3;

export interface WarmProject {
  readonly memo: ParseMemo;
  /** What it was parsed with last. */
  flags: ParseFlags;
}

export class WarmProjects {
  readonly #projects = new Map<string, WarmProject>();

  /** The project of such flags: another target or profile is another one. */
  of(flags: ParseFlags): WarmProject {
    const key = JSON.stringify([path.resolve(flags.projectDir), flags.profile, flags.target, flags.profilesDir]);
    const project = this.#projects.get(key) ?? { memo: new ParseMemo(), flags };
    project.flags = flags;
    this.#projects.delete(key);
    this.#projects.set(key, project);
    for (const oldest of this.#projects.keys()) {
      if (this.#projects.size <= maxProjects) break;
      this.#projects.delete(oldest);
    }
    return project;
  }
}
