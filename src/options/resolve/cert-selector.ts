import { resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { readFile } from '../../core/fs/read-file.ts';
import { readReason } from '../../core/fs/read-reason.ts';
import { shown } from '../parse/problems.ts';

/** Which certificate to take: every member that is there must match. */
export interface CertSelector {
  /** Distinguished name as Go writes it: `CN=leaf,O=Org,C=US`, compared exactly. */
  readonly subject?: string;
  readonly issuer?: string;
  readonly serialNumber?: bigint;
}

type SelectorKey = 'x509Subject' | 'x509Issuer' | 'x509Serial';

interface Entry {
  readonly key: string;
  readonly value: string;
}

const selectorKeys: readonly SelectorKey[] = ['x509Subject', 'x509Issuer', 'x509Serial'];

const forms = [
  'write --cert-selector "Key=x509Subject,Value=CN=leaf Key=x509Serial,Value=0A1B"',
  'or file://PATH of a JSON file: [{"Key":"x509Subject","Value":"CN=leaf"}]',
];

/**
 * Reads a certificate selector, inline or from `file://PATH`. Nothing is passed over: what the official helper leaves
 * unsaid (a serial number that is not hex, text between two entries) is an error here.
 *
 * @param origin what messages call the option
 * @throws RolesAnywhereError OPTION_INVALID; FILE_FAILED when the file cannot be read
 */
export async function parseCertSelector(text: string, origin: string): Promise<CertSelector> {
  const path = text.startsWith('file://') ? text.slice('file://'.length) : undefined;
  const entries =
    path === undefined ? parseInline(text, origin) : parseJson(await readSelectorFile(path, origin), origin);
  if (entries.length === 0) throw invalid(`${origin} selects nothing`);
  const byKey = new Map<SelectorKey, string>();
  for (const { key, value } of entries) {
    const known = selectorKeys.find((one) => one === key);
    if (known === undefined) throw invalid(`${origin}: unknown key ${shown(key)}`);
    if (byKey.has(known)) throw invalid(`${origin} has ${key} twice`);
    if (value === '') throw invalid(`${origin}: the value of ${key} is empty`);
    byKey.set(known, value);
  }
  return toSelector(byKey, origin);
}

function toSelector(values: ReadonlyMap<SelectorKey, string>, origin: string): CertSelector {
  const subject = values.get('x509Subject');
  const issuer = values.get('x509Issuer');
  const serial = values.get('x509Serial');
  if (serial !== undefined && !/^[0-9a-f]+$/i.test(serial)) {
    throw invalid(`${origin}: x509Serial must be hexadecimal digits, not ${shown(serial)}`);
  }
  return {
    ...(subject === undefined ? {} : { subject }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(serial === undefined ? {} : { serialNumber: BigInt(`0x${serial}`) }),
  };
}

/** `Key=…,Value=…` one after the other with blanks between; a value ends where the next `Key=` begins. */
function parseInline(text: string, origin: string): readonly Entry[] {
  const parts = text.split(/(?:^|\s)(?=Key=)/).filter((part) => part.trim() !== '');
  return parts.map((part) => {
    const [, key, value] = /^Key=([^,]+),\s*Value=(.*)$/s.exec(part) ?? [];
    if (key === undefined || value === undefined) {
      throw invalid(`${origin} cannot be read at ${shown(part.trim())}`);
    }
    return { key: key.trim(), value: value.trim() };
  });
}

function parseJson(text: string, origin: string): readonly Entry[] {
  const parsed = parseJsonText(text, origin);
  if (!Array.isArray(parsed)) throw invalid(`${origin}: the file must hold a JSON array`);
  return parsed.map((item: unknown) => {
    const entry = readEntry(item);
    if (entry === undefined) throw invalid(`${origin}: every item of the file must be {"Key": text, "Value": text}`);
    return entry;
  });
}

function readEntry(item: unknown): Entry | undefined {
  if (typeof item !== 'object' || item === null || !('Key' in item) || !('Value' in item)) return undefined;
  const { Key: key, Value: value, ...more } = item;
  if (typeof key !== 'string' || typeof value !== 'string' || Object.keys(more).length > 0) return undefined;
  return { key, value: value.trim() };
}

function parseJsonText(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`${origin}: the file is not JSON`, cause);
  }
}

/** Bytes. */
const maxFileBytes = 1024 * 1024;

async function readSelectorFile(path: string, origin: string): Promise<string> {
  try {
    return (await readFile(path, { bytes: maxFileBytes })).bytes.toString();
  } catch (cause) {
    throw new RolesAnywhereError('FILE_FAILED', `${origin}: cannot read ${resolve(path)}: ${readReason(cause)}`, {
      cause,
    });
  }
}

function invalid(message: string, cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message, { cause, hints: forms });
}
