import type { CommandName } from '../options/schema/option.ts';
import type { Command } from './command.ts';

/** Every command, in the order of help. */
const loaders: Record<CommandName, () => Promise<Command>> = {
  'credential-process': async () => ({
    ...(await import('./commands/credential-process/credential-process.ts')).credentialProcess,
    ...(await import('./commands/credential-process/credential-process-help.ts')).credentialProcessHelp,
  }),
  serve: async () => (await import('./commands/serve/serve.ts')).serve,
  update: async () => (await import('./commands/update/update.ts')).update,
  exec: async () => (await import('./commands/exec/exec.ts')).exec,
  export: async () => (await import('./commands/export/export.ts')).exportCommand,
  cache: async () => (await import('./commands/cache/cache.ts')).cache,
  'sign-string': async () => (await import('./commands/sign-string/sign-string.ts')).signStringCommand,
  'read-certificate-data': async () =>
    (await import('./commands/read-certificate-data/read-certificate-data.ts')).readCertificateData,
  certificates: async () => (await import('./commands/certificates/certificates.ts')).certificates,
  sandbox: async () => (await import('./commands/sandbox/sandbox.ts')).sandbox,
  doctor: async () => (await import('./commands/doctor/doctor.ts')).doctorCommand,
  completion: async () => (await import('./commands/completion/completion.ts')).completion(loadCommands),
  version: async () => (await import('./commands/version/version.ts')).versionCommand,
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
