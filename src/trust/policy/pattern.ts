/** A text in which `anyRun` and `anyOne` stand for what they say, and every other character for itself. */
export type Pattern = string;

/** Noncharacters of Unicode: no text that is one has them. */
const anyRun = '\uFFFE';
const anyOne = '\uFFFF';
const wildcard = /[\uFFFE\uFFFF]/g;

/** `*` stands for any run of characters, `?` for any one. */
export function patternOf(text: string): Pattern {
  return literally(text).replaceAll('*', anyRun).replaceAll('?', anyOne);
}

/** A text that stands for itself alone, whoever wrote it. */
export function literally(text: string): Pattern {
  return text.replaceAll(wildcard, '\uFFFD');
}

/** Whether a pattern stands for more than one text. */
function hasWildcard(pattern: Pattern): boolean {
  return pattern.includes(anyRun) || pattern.includes(anyOne);
}

/** Whether a text is what a pattern with `*` and `?` stands for, upper and lower case apart. */
export function isLike(actual: string, pattern: string): boolean {
  return isMatch(actual, patternOf(pattern));
}

/**
 * After a mismatch the last `*` takes one character more: a regular expression would try every way to share a text out
 * among all of them.
 */
export function isMatch(actual: string, pattern: Pattern): boolean {
  if (!hasWildcard(pattern)) return actual === pattern;
  let [at, inPattern, star, starAt] = [0, 0, -1, 0];
  while (at < actual.length) {
    const wanted = pattern[inPattern];
    if (wanted === anyRun) {
      star = inPattern++;
      starAt = at;
    } else if (wanted === anyOne || wanted === actual[at]) {
      inPattern += 1;
      at += 1;
    } else if (star === -1) return false;
    else {
      inPattern = star + 1;
      at = starAt += 1;
    }
  }
  while (pattern[inPattern] === anyRun) inPattern += 1;
  return inPattern === pattern.length;
}

/**
 * ARNs are compared component by component, six of them, split at the first five colons: no wildcard reaches over one
 * (IAM user guide, ARN condition operators).
 */
export function isArnMatch(actual: string, pattern: Pattern): boolean {
  if (actual === pattern) return true;
  const [given, wanted] = [components(actual), components(pattern)];
  return given.every((component, index) => isMatch(component, wanted[index] ?? ''));
}

function components(arn: string): string[] {
  const parts = arn.split(':');
  return Array.from({ length: 6 }, (_, index) => (index < 5 ? (parts[index] ?? '') : parts.slice(5).join(':')));
}
