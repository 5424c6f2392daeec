/** ARNs with commas between them. The name of a role may hold a comma too: the next ARN begins behind it. */
export function splitArns(text: string): readonly string[] {
  return text.split(/,(?=\s*arn:)/).map((part) => part.trim());
}
