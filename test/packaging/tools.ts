import { join } from 'node:path';

/** What scripts/test-packages.mjs has built and fetched. */
export interface PackagingTools {
  /** dist-packages. */
  readonly folder: string;
  /** Executables of Node by major version, the installed one among them. */
  readonly nodes: Readonly<Record<string, string>>;
}

const given = process.env['PACKAGING_TOOLS'];

/** Undefined where these tests are left out. */
export const packagingTools = given === undefined ? undefined : (JSON.parse(given) as PackagingTools);

if (packagingTools === undefined) {
  console.log('skipped: what is published beside the library, for which there is scripts/test-packages.mjs');
}

/** A file or folder of what was packed. */
export function packed(...path: readonly string[]): string {
  return join(packagingTools?.folder ?? '', ...path);
}
