import type { EngineCore } from './core.ts';
import type { Load } from './types.ts';
export async function openLoad(_core: EngineCore, _o: unknown): Promise<Load> { throw new Error('x'); }
