import type { OptionValues } from '../options/parse/option-values.ts';
import type { RunnableCommand, Terminal } from './command.ts';
import { traceOptions } from './debug-trace.ts';

/** Warns of what is unsafe or read by us alone, and with `--debug` tells which options count. */
export async function lookAtValues(command: RunnableCommand, values: OptionValues, terminal: Terminal): Promise<void> {
  const isDebug = isOn('debug', values);
  if (isDebug) terminal.tellWarnings();
  for (const each of [values, ...values.others]) {
    for (const warning of each.warnings) terminal.warn(warning);
    if (isDebug) traceOptions(command.options, each, terminal.log);
    if (!isOn('no-verify-ssl', each)) continue;
    terminal.warn(`${each.origin('no-verify-ssl')}: the certificate of the endpoint is not checked`);
  }
}

/** Also of a command that has no such option. */
function isOn(flag: string, values: OptionValues): boolean {
  return values.rows.some((row) => row.flag === flag) && values.isOn(flag);
}
