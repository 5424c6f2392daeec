import type { OptionValues } from '../parse/option-values.ts';
import { shown } from '../parse/problems.ts';
import type { OptionRow } from '../schema/option.ts';

/** What an option was given, for traces and reports: nothing that is secret. */
export function shownOption(row: OptionRow, values: OptionValues): string {
  if (row.secret === true) return '(not shown)';
  const texts = values.list(row.flag).map((text) => shown(withoutSecrets(text)));
  return texts.join(', ');
}

/**
 * Without the query of a PKCS#11 URI, which may hold the PIN (RFC 7512, section 2.4), under a misspelt name too, without
 * the arguments of a program that signs, and without the user and password of a URL.
 */
function withoutSecrets(value: string): string {
  if (/^pkcs11:/i.test(value)) return value.replace(/\?.*$/s, '?(not shown)');
  if (/^exec:/i.test(value)) return value.replace(/\s.*$/s, ' (arguments not shown)');
  return value.replaceAll(/\/\/[^/\s]*@/g, '//(not shown)@');
}
