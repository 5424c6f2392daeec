import { looksLikeContent } from '../../core/looks-like-content.ts';

/** A value as messages show it. A key pasted in place of its path must not come out. */
export function shown(text: string): string {
  if (looksLikeContent(text) || text.length > 1200) return '(not shown: it looks like the content of a file)';
  return JSON.stringify(text);
}
