import { namedByHandle, type TpmCommand } from '../command.ts';

/** Commands that a policy is made of and that are carried out here, by TPM_CC (TPM 2.0 Library, part 2, section 6.5.2). */
export const policyCommands = {
  policyAuthValue: 0x16b,
  policyPassword: 0x18c,
  policyPcr: 0x17f,
} as const;

/** Names of all of them (part 3, chapter 23), for the others to be refused by. */
const policyNames: Readonly<Record<number, string>> = {
  0x149: 'TPM2_PolicyNV',
  0x151: 'TPM2_PolicySecret',
  0x160: 'TPM2_PolicySigned',
  0x16a: 'TPM2_PolicyAuthorize',
  [policyCommands.policyAuthValue]: 'TPM2_PolicyAuthValue',
  0x16c: 'TPM2_PolicyCommandCode',
  0x16d: 'TPM2_PolicyCounterTimer',
  0x16e: 'TPM2_PolicyCpHash',
  0x16f: 'TPM2_PolicyLocality',
  0x170: 'TPM2_PolicyNameHash',
  0x171: 'TPM2_PolicyOR',
  0x172: 'TPM2_PolicyTicket',
  [policyCommands.policyPcr]: 'TPM2_PolicyPCR',
  0x187: 'TPM2_PolicyPhysicalPresence',
  0x188: 'TPM2_PolicyDuplicationSelect',
  [policyCommands.policyPassword]: 'TPM2_PolicyPassword',
  0x18f: 'TPM2_PolicyNvWritten',
  0x190: 'TPM2_PolicyTemplate',
  0x192: 'TPM2_PolicyAuthorizeNV',
  0x19b: 'TPM2_PolicyCapability',
  0x19c: 'TPM2_PolicyParameters',
};

export function policyCommandName(code: number): string {
  return policyNames[code] ?? `command 0x${code.toString(16)}`;
}

/**
 * TPM2_PolicyAuthValue, TPM2_PolicyPassword or TPM2_PolicyPCR (part 3, sections 23.17, 23.18 and 23.7).
 *
 * @param parameters after the session's handle, as a TSS2 file has them
 */
export function policyCommand(session: number, code: number, parameters: Uint8Array): TpmCommand<void> {
  return {
    name: policyCommandName(code),
    code,
    handles: [namedByHandle(session)],
    parameters,
    encryptable: { command: false, answer: false },
    loads: false,
    duration: 'short',
    read: () => undefined,
  };
}
