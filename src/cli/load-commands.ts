import type { CommandName } from '../options/option-row.ts';
import type { Command } from './command.ts';

/** Every command, in the order of help. */
const loaders: Record<CommandName, () => Promise<Command>> = {
  'credential-process': async () => ({
    ...(await import('./commands/credential-process.ts')).credentialProcess,
    ...(await import('./commands/credential-process-help.ts')).credentialProcessHelp,
  }),
  'sign-string': async () => (await import('./commands/sign-string.ts')).signString,
  'read-certificate-data': async () => (await import('./commands/read-certificate-data.ts')).readCertificateData,
  sandbox: async () => (await import('./commands/sandbox.ts')).sandbox,
  completion: async () => (await import('./commands/completion.ts')).completion,
  version: async () => (await import('./commands/version.ts')).version,
};

/** Commands of the official helper and of ours that a later version brings, with what they will do. */
export const commandsToCome: Readonly<Record<string, string>> = {
  serve: 'serves credentials to the SDKs of this machine',
  update: 'keeps a profile of ~/.aws/credentials fresh',
  exec: 'runs a program with credentials in its environment',
  export: 'prints credentials for a shell',
  doctor: 'checks options, key, certificate and network',
  certificates: 'lists the certificates of tokens and stores',
  cache: 'shows and clears remembered credentials',
};

export const commandNames: readonly string[] = Object.keys(loaders);

/** A command by its name. */
export function loadCommand(name: CommandName): Promise<Command> {
  return loaders[name]();
}

/** All of them, for help, completion and explanations. */
export function loadCommands(): Promise<Command[]> {
  return Promise.all(Object.values(loaders).map((load) => load()));
}

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(loaders, name);
}
