import type { OptionValues } from '../options/parse/option-values.ts';
import { refuseNotBuilt } from '../options/resolve/refuse-not-built.ts';
import type { RunnableCommand, Terminal } from './command.ts';
import { traceOptions } from './debug-trace.ts';

/**
 * Refuses what is not built yet, warns of what is unsafe or read by us alone, and with `--debug` tells which options count.
 * @throws RolesAnywhereError OPTION_NOT_BUILT
 */
export async function lookAtValues(command: RunnableCommand, values: OptionValues, terminal: Terminal): Promise<void> {
  const isDebug = isOn('debug', values);
  if (isDebug) terminal.tellWarnings();
  for (const each of [values, ...values.others]) {
    await refuseNotBuilt(command.options, each);
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
