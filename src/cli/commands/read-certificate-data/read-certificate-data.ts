import { certificateData } from '../../../outputs/inspect/certificate-data.ts';
import { certificateList } from '../../../outputs/inspect/certificate-list.ts';
import { resolveCertificate } from '../../../options/resolve/resolve-inspect.ts';
import { optionsOf } from '../../../options/schema/table.ts';
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
    const { certificate, ...more } = resolveCertificate(values);
    const context = identityContext(terminal);
    await terminal.stdout(
      certificate.kind === 'pkcs11'
        ? await certificateList({ certificate, ...more }, context)
        : await certificateData({ certificate, ...more }, context),
    );
  },
};
