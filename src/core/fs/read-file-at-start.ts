import type { FileContent } from './read-descriptor.ts';
import type { ReadLimits } from './read-limits.ts';

export const hasModes = process.platform !== 'win32';

/** The same as read-file.ts by Bun's own calls, as far as they go: to load node:fs there takes longer than to read. */
export async function readFile(path: string, limits: ReadLimits): Promise<FileContent> {
  return (await readRegularFile(path, limits)) ?? (await import('./read-file.ts')).readFile(path, limits);
}

/** What Bun takes for a place in a network, such as `s3:`; a drive of Windows has one letter. */
const scheme = /^\w\w+:/;

/** Undefined for what is no regular file, and for what fails: whoever reads that another time tells why. */
async function readRegularFile(path: string, limits: ReadLimits): Promise<FileContent | undefined> {
  if (scheme.test(path)) return undefined;
  try {
    const file = Bun.file(path);
    const { size } = file;
    // Infinity for a pipe and a device, 0 for a file of /proc and for what is not there.
    if (size === 0 || size > limits.bytes) return undefined;
    const stating = file.stat().catch(() => undefined);
    const [stats, { buffer }] = await Promise.all([stating, file.slice(0, size + 1).bytes()]);
    const bytes = Buffer.from(buffer);
    if (bytes.length === size && stats?.isFile() === true) return { bytes, mode: stats.mode };
    bytes.fill(0);
    return undefined;
  } catch {
    return undefined;
  }
}
