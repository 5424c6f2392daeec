import { certificateData } from '../../faces/inspect/certificate-data.ts';
import { resolveCertificate } from '../../options/resolve-inspect.ts';
import { optionsOf } from '../../options/table.ts';
import type { Command } from '../command.ts';
import { identityContext } from '../identity-context.ts';

/** `read-certificate-data`: what a certificate says, for programs. */
export const readCertificateData: Command = {
  name: 'read-certificate-data',
  summary: 'prints key type, serial number and DER of a certificate as JSON',
  options: optionsOf('read-certificate-data'),
  examples: ['roles-anywhere read-certificate-data --certificate leaf.pem'],
  run: async (values, terminal) =>
    terminal.stdout(await certificateData(resolveCertificate(values), identityContext(terminal))),
};
