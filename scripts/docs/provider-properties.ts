import { environmentName, type OptionDefinition, propertyName, sharedKeysOf } from '../../src/options/schema/option.ts';

type Kind = OptionDefinition['kind'];

const types: Readonly<Record<Kind, string>> = {
  string: 'string',
  integer: 'number',
  boolean: 'boolean',
  list: 'readonly string[]',
};

const width = 120;

/**
 * src/outputs/provider/init.ts with every option's property as its definition has it; one that is not there yet comes
 * after that of the option before it. What is no option stays as it is.
 */
export function withProperties(source: string, definitions: readonly OptionDefinition[]): string {
  let text = source;
  let last: string | undefined;
  for (const definition of definitions) {
    const declaration = declarationOf(definition);
    if (declaration === undefined) continue;
    const name = propertyName(definition);
    const old = blockOf(name, text);
    if (old !== undefined) text = text.replace(old, () => declaration);
    else if (last !== undefined) text = text.replace(last, (before) => before + declaration);
    last = declaration;
  }
  return text;
}

/** A property with the comment above it. */
function blockOf(name: string, source: string): string | undefined {
  return new RegExp(`^  /\\*\\*(?:(?!\\*/)[^])*\\*/\\n  readonly ${name}\\?:[^;]*;\\n`, 'm').exec(source)?.[0];
}

function declarationOf(definition: OptionDefinition): string | undefined {
  const { property, kind } = definition;
  if (property === undefined || !('text' in property)) return undefined;
  const comment = commentOf(`${filled(property.text, definition)} ${sourcesOf(definition)}`);
  return `${comment}  readonly ${propertyName(definition)}?: ${property.type ?? types[kind]} | undefined;\n`;
}

function filled(text: string, { range, fallback = '' }: OptionDefinition): string {
  return text.replaceAll('{range}', range?.join(' to ') ?? '').replaceAll('{fallback}', fallback);
}

/** Where else the option comes from. */
function sourcesOf(definition: OptionDefinition): string {
  const { flag, flagOnly, commands, environment = [], general } = definition;
  const command = `The command's \`--${flag}\`; `;
  if (flagOnly === true) return `${command}given by the init alone.`;
  const variables = [environmentName(definition), ...environment, ...(general?.environment ?? [])];
  if (commands.length > 0) return `${command}also from ${either(variables)}.`;
  // Its key is not told by the name of a flag.
  return `Also from ${either(variables)}, and from ${either(sharedKeysOf(definition))} of the profile.`;
}

function either(names: readonly string[]): string {
  const all = names.map((name) => `\`${name}\``);
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

function commentOf(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (`   *${line}`.length <= width) lines[lines.length - 1] = line;
    else lines.push(` ${word}`);
  }
  return ['  /**', ...lines.map((line) => `   *${line}`), '   */', ''].join('\n');
}
