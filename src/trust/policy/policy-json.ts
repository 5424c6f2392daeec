import { policyFault } from './policy-fault.ts';

/** The elements of an object of the policy. */
export function elements(value: unknown, where: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw policyFault(`${where} must be a JSON object`);
  }
  return Object.entries(value);
}

/** A string or a list of strings, as policies write them; numbers and booleans are as good. */
export function strings(value: unknown, where: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw policyFault(`${where} is empty`);
  return list.map((item) => {
    if (typeof item === 'boolean' || typeof item === 'number' || typeof item === 'string') return String(item);
    throw policyFault(`${where} has a value that is no text`);
  });
}
