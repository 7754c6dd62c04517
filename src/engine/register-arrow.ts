export async function registerArrow(_c: unknown, _o: unknown): Promise<number> { throw new Error('x'); }
