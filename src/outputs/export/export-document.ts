import type { Credentials } from '../../core/credentials.ts';
import { checkUsable } from '../check-usable.ts';
import { credentialVariables, type Variable } from '../credential-variables.ts';
import { processDocument } from '../process/process-document.ts';
import { quoteForFish, quoteForPowerShell, quoteForSh, setForCmd } from './quote.ts';

/** The formats of the AWS CLI's `configure export-credentials`, under its names. */
export const exportFormats = ['process', 'env', 'env-no-export', 'powershell', 'windows-cmd', 'fish'] as const;

export type ExportFormat = (typeof exportFormats)[number];

/** How a line sets a variable. */
const lineFormats: Readonly<Record<Exclude<ExportFormat, 'process'>, (variable: Variable) => string>> = {
  env: ([name, value]) => `export ${name}=${quoteForSh(value)}`,
  'env-no-export': ([name, value]) => `${name}=${quoteForSh(value)}`,
  powershell: ([name, value]) => `$Env:${name}=${quoteForPowerShell(value)}`,
  'windows-cmd': ([name, value]) => setForCmd(name, value),
  fish: ([name, value]) => `set -gx ${name} ${quoteForFish(value)}`,
};

/**
 * Credentials as a shell or a program takes them, with a line break at the end.
 *
 * @throws RolesAnywhereError RESPONSE_EMPTY, RESPONSE_EXPIRED; OUTPUT_FAILED for a value that the format cannot carry
 */
export function exportDocument(format: ExportFormat, credentials: Credentials, now: Date): string {
  if (format === 'process') return `${processDocument(credentials, now)}\n`;
  checkUsable(credentials, now);
  const lines = credentialVariables(credentials).map(lineFormats[format]);
  return `${lines.join('\n')}\n`;
}
