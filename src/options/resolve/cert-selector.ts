import { closeSync, fstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { openToRead } from '../../core/fs/open-to-read.ts';
import { readRegular } from '../../core/fs/read-descriptor.ts';
import { readReason } from '../../core/fs/read-reason.ts';
import type { CertificateSelection } from '../../identity/identity.ts';
import { shown } from '../parse/problems.ts';
import { readSelection } from './store-source.ts';

type Part = keyof CertificateSelection;

interface Entry {
  readonly key: string;
  readonly value: string;
}

/** The keys of the official helper, and those that it does not have. */
const keys: Readonly<Record<string, Part>> = {
  x509Subject: 'subject',
  x509Issuer: 'issuer',
  x509Serial: 'serial',
  thumbprint: 'thumbprint',
  friendlyName: 'friendlyName',
  templateOid: 'templateOid',
  keyUsage: 'keyUsage',
};

const keyOf: ReadonlyMap<Part, string> = new Map(Object.entries(keys).map(([key, part]) => [part, key]));

const forms = [
  'write --cert-selector "Key=x509Subject,Value=CN=leaf Key=x509Serial,Value=0A1B"',
  'or file://PATH of a JSON file: [{"Key":"x509Subject","Value":"CN=leaf"}]',
  `keys are ${Object.keys(keys).join(', ')}`,
];

/**
 * Reads a certificate selector, inline or from a file: `file://PATH`, or a path that ends in .json. Nothing is passed over:
 * what the official helper leaves unsaid (a serial number that is not hex, text between two entries) is an error here.
 *
 * @param origin what messages call the option
 * @throws RolesAnywhereError OPTION_INVALID; FILE_FAILED when the file cannot be read
 */
export function parseCertSelector(text: string, origin: string): CertificateSelection {
  const path = pathIn(text);
  const entries = path === undefined ? parseInline(text, origin) : parseJson(readSelectorFile(path, origin), origin);
  if (entries.length === 0) throw invalid(`${origin} selects nothing`);
  const byPart = new Map<Part, string>();
  for (const { key, value } of entries) {
    const part = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (part === undefined) throw invalid(`${origin}: unknown key ${shown(key)}`);
    if (byPart.has(part)) throw invalid(`${origin} has ${key} twice`);
    if (value === '') throw invalid(`${origin}: the value of ${key} is empty`);
    byPart.set(part, value);
  }
  return readSelection(byPart, (part) => `${origin}: ${keyOf.get(part)}`);
}

/** `file:///C:/selector.json` has a slash before the drive. */
function pathIn(text: string): string | undefined {
  if (text.startsWith('file://')) return text.slice('file://'.length).replace(/^\/(?=[a-z]:)/i, '');
  return /^(?!\s*Key=).*\.json$/i.test(text) ? text : undefined;
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

function readSelectorFile(path: string, origin: string): string {
  try {
    return readAtOnce(path);
  } catch (cause) {
    const reason = cause === noFile ? noFile.message : readReason(cause);
    throw new RolesAnywhereError('FILE_FAILED', `${origin}: cannot read ${resolve(path)}: ${reason}`, { cause });
  }
}

const noFile = new Error('it is a folder, a pipe or a device');

/** What may not come to an end is not opened: this does not wait. */
function readAtOnce(path: string): string {
  if (!statSync(path).isFile()) throw noFile;
  const fd = openToRead(path);
  try {
    return readRegular(fd, fstatSync(fd), maxFileBytes).toString();
  } finally {
    closeSync(fd);
  }
}

function invalid(message: string, cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message, { cause, hints: forms });
}
