import { certificateListOrData } from '../../../outputs/inspect/certificate-list.ts';
import { resolveCertificate } from '../../../options/resolve/resolve-inspect.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { Command } from '../../command.ts';
import { identityContext } from '../../contexts.ts';

/** `read-certificate-data`: what a certificate says, for programs. */
export const readCertificateData: Command = {
  name: 'read-certificate-data',
  summary: 'prints a certificate as JSON, or lists those that a PKCS#11 URI matches',
  options: optionsOf('read-certificate-data'),
  examples: [
    'roles-anywhere read-certificate-data --certificate leaf.pem',
    "roles-anywhere read-certificate-data --certificate 'pkcs11:token=hsm'",
  ],
  async run(values, terminal) {
    await terminal.stdout(await certificateListOrData(resolveCertificate(values), identityContext(terminal)));
  },
};
