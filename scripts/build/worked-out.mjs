/**
 * src/options/schema/table.ts is worked out when the package is built: in its place comes what it exports, as literals. Out
 * of all that is defined of an option, a call of the command reads a few columns.
 */
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../lib/set-up.mjs';

/** Who imports it gets constants, of which a bundle leaves out what it does not use. */
export const workedOut = join(root, 'src', 'options', 'schema', 'table.ts');

/** The text of a module that exports the same, as a JavaScript module or in CommonJS. */
export async function constants(format) {
  const { outputFiles } = await build({ entryPoints: [workedOut], bundle: true, format: 'esm', write: false });
  const exported = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  let module = '';
  for (const [name, value] of Object.entries(exported)) {
    const isOfRows = Array.isArray(value) && value.every(({ flag }) => flag !== undefined);
    const { above, text } = isOfRows ? rows(value, name) : { above: '', text: JSON.stringify(value) };
    module += `${above}${format === 'cjs' ? `exports.${name} =` : `export const ${name} =`} ${text};\n`;
  }
  return module;
}

/** Rows that are equal but for their flags come from one function, and what comes often has a name. */
function rows(list, name) {
  const rests = list.map((row) => JSON.stringify(Object.fromEntries(membersBehindFlag(row))));
  const makers = repeated(rests).map((rest, at) => ({ rest, maker: `${name}Maker${at}` }));
  const made = list.map((row, at) => {
    const { maker } = makers.find(({ rest }) => rest === rests[at]) ?? {};
    return maker === undefined ? JSON.stringify(row) : `/* @__PURE__ */ ${maker}(${JSON.stringify(row.flag)})`;
  });
  let text = `[${made.join(', ')}]`;
  let above = makers.map(({ rest, maker }) => `const ${maker} = (flag) => ({ flag, ${rest.slice(1)});\n`).join('');
  const values = list.flatMap((row) => membersBehindFlag(row).map(([, value]) => JSON.stringify(value)));
  for (const [at, value] of repeated(values.filter((part) => /^["[{]/.test(part))).entries()) {
    const uses = (above + text).split(value).length - 1;
    // A name will have one letter or two, once the code is minified.
    if (uses * (value.length - 2) < value.length + 5) continue;
    const valueName = `${name}Value${at}`;
    text = text.replaceAll(value, valueName);
    above = `const ${valueName} = ${value};\n${above.replaceAll(value, valueName)}`;
  }
  return { above, text };
}

/** Each row begins with its flag. */
function membersBehindFlag(row) {
  return Object.entries(row).slice(1);
}

function repeated(texts) {
  return [...new Set(texts.filter((text, at) => texts.indexOf(text) < at))];
}
