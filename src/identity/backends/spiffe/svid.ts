import { damaged, elementsOf } from '../../x509/der.ts';
import { bytesFieldsOf } from './protobuf.ts';

/** An X.509-SVID with its key (SPIFFE Workload API, section 5.1). */
export interface Svid {
  readonly id: string;
  /** Which of several it is, as whoever runs the server calls it; `''` for none. */
  readonly hint: string;
  /** DER, one certificate after the other, the leaf first. */
  readonly certificates: Buffer;
  /** DER, PKCS#8. */
  readonly key: Buffer;
}

/** Numbers of fields of X509SVIDResponse, and of X509SVID. */
const svids = 1;
const fieldsOfSvid = { id: 1, certificates: 2, key: 3, hint: 5 } as const;

/** Longer ones are none (SPIFFE-ID, section 2.3). */
const longestId = 2048;

/**
 * The SVIDs of an X509SVIDResponse. They are views of the message: whoever wipes that wipes the keys.
 *
 * @throws Problem
 */
export function svidsOf(message: Buffer): readonly Svid[] {
  const found = bytesFieldsOf(message).flatMap(([number, value]) => (number === svids ? [svidOf(value)] : []));
  if (found.length === 0) throw damaged('it holds no X.509-SVID');
  return found;
}

function svidOf(message: Buffer): Svid {
  const fields = new Map(bytesFieldsOf(message));
  const [id, certificates, key] = [fieldsOfSvid.id, fieldsOfSvid.certificates, fieldsOfSvid.key].map((number) =>
    fields.get(number),
  );
  if (!id?.length || !certificates?.length || !key?.length) throw damaged('an X.509-SVID in it is not whole');
  const text = id.toString('utf8');
  if (!/^spiffe:\/\/[\w.-]+(?:\/[\w./-]*)?$/.test(text) || text.length > longestId)
    throw damaged('an ID in it is none');
  return { id: text, hint: fields.get(fieldsOfSvid.hint)?.toString('utf8') ?? '', certificates, key };
}

/** The certificates as PEM: the leaf and those between it and the trust anchor. @throws Problem */
export function pemOf({ certificates }: Svid): string {
  return elementsOf(certificates)
    .map(({ encoded }) => {
      const base64 = Buffer.from(encoded).toString('base64');
      return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
    })
    .join('');
}
