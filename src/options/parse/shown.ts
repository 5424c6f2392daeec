import { looksLikeContent } from '../../core/looks-like-content.ts';

/** What stands for a value in instructions: `<region>`, `${ACCOUNT}`. No ARN and no region holds such brackets. */
export function placeholderHints(text = ''): readonly string[] {
  const [first, ...others] = new Set(text.slice(0, 2048).match(/<[^<>]{1,64}>|\$?\{[^{}]{1,64}\}/g));
  if (first === undefined) return [];
  const all = others.length === 0 ? `placeholder ${first}` : `placeholders ${[first, ...others].join(', ')}`;
  return [`replace the ${all} by your own`];
}

/** A value as messages show it. A key pasted in place of its path must not come out. */
export function shown(text: string): string {
  if (looksLikeContent(text) || text.length > 1200) return '(not shown: it looks like the content of a file)';
  return JSON.stringify(text);
}
