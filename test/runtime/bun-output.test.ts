/** Which writes are left to Bun, which begins anew after a part: its calls stand in, for no socket can be had half full. */
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.resetModules();
});

async function writersOf(sizes: readonly number[], platform: NodeJS.Platform): Promise<string[]> {
  const writers: string[] = [];
  const tell = (writer: string, bytes: Uint8Array): number => {
    writers.push(writer);
    return bytes.length;
  };
  vi.stubGlobal('Bun', { stdout: {}, write: async (_to: unknown, bytes: Uint8Array) => tell('bun', bytes) });
  vi.spyOn(process, 'platform', 'get').mockReturnValue(platform);
  const fs = { writeSync: (_descriptor: number, bytes: Uint8Array) => tell('fs', bytes) };
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(fs);
  const { writeSome } = await import('../../src/runtime/bun/output.ts');
  for (const size of sizes) expect(await writeSome(1, Buffer.alloc(size))).toBe(size);
  return writers;
}

test.each<[NodeJS.Platform, readonly number[], readonly string[]]>([
  ['linux', [1500, 20], ['bun', 'fs']],
  ['linux', [4096], ['bun']],
  ['linux', [4097, 20], ['fs', 'fs']],
  ['darwin', [1500], ['fs']],
  ['win32', [1500], ['fs']],
])('%s, %j bytes', async (platform, sizes, writers) => {
  expect(await writersOf(sizes, platform)).toEqual(writers);
});
