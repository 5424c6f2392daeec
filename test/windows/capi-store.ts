import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Ffi } from '../../src/ffi/ffi.ts';
import { Slot } from '../../src/ffi/slot.ts';
import { wide } from '../../src/identity/backends/windows-store/windows-calls.ts';

const provider = 'Microsoft Enhanced RSA and AES Cryptographic Provider';
/** wincrypt.h */
const [providerAes, newKeySet, deleteKeySet, keyExchange] = [24, 0x8, 0x10, 1];
const [systemProvider, currentUser, x509, replaceExisting] = [10n, 0x1_0000, 1, 3];
const [providerProperty, friendlyNameProperty] = [2, 11];

/** Puts certificates and keys where Windows keeps them, by the legacy provider, which Wine has. */
export function capiStore(ffi: Ffi) {
  const { CertOpenStore, CertAddEncodedCertificateToStore, CertSetCertificateContextProperty, ...crypt } = ffi.open(
    'crypt32.dll',
    {
      CertOpenStore: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'pointer' },
      CertAddEncodedCertificateToStore: { takes: ['pointer', 'u32', 'pointer', 'u32', 'u32', 'pointer'], gives: 'i32' },
      CertSetCertificateContextProperty: { takes: ['pointer', 'u32', 'u32', 'pointer'], gives: 'i32' },
      CertCloseStore: { takes: ['pointer', 'u32'], gives: 'i32' },
      CertFreeCertificateContext: { takes: ['pointer'], gives: 'i32' },
      CertDeleteCertificateFromStore: { takes: ['pointer'], gives: 'i32' },
      CertEnumCertificatesInStore: { takes: ['pointer', 'pointer'], gives: 'pointer' },
    },
  );
  const advapi = ffi.open('advapi32.dll', {
    CryptAcquireContextW: { takes: ['pointer', 'pointer', 'pointer', 'u32', 'u32'], gives: 'i32' },
    CryptImportKey: { takes: ['pointer', 'pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'i32' },
    CryptDestroyKey: { takes: ['pointer'], gives: 'i32' },
    CryptReleaseContext: { takes: ['pointer', 'u32'], gives: 'i32' },
  });
  const done = (result: number, what: string): void => {
    if (result === 0) throw new Error(`${what} failed`);
  };
  const open = (store: string): bigint => CertOpenStore(systemProvider, 0, null, currentUser, wide(store));
  const importKey = (pem: string, container: string): void => {
    const handle = new Slot();
    const key = new Slot();
    advapi.CryptAcquireContextW(handle.bytes, wide(container), wide(provider), providerAes, deleteKeySet);
    done(
      advapi.CryptAcquireContextW(handle.bytes, wide(container), wide(provider), providerAes, newKeySet),
      'CryptAcquireContext',
    );
    const blob = privateKeyBlob(pem);
    done(advapi.CryptImportKey(handle.value, blob, blob.length, null, 0, key.bytes), 'CryptImportKey');
    advapi.CryptDestroyKey(key.value);
    advapi.CryptReleaseContext(handle.value, 0);
  };
  return {
    /** @param key PEM, of a certificate that has one there */
    add(store: string, certificate: string, { key, friendlyName }: { key?: string; friendlyName?: string } = {}): void {
      const der = new X509Certificate(certificate).raw;
      const context = new Slot();
      const handle = open(store);
      // What was changed is written as the store is closed.
      const close = (): void => {
        crypt.CertFreeCertificateContext(context.value);
        crypt.CertCloseStore(handle, 0);
      };
      done(
        CertAddEncodedCertificateToStore(handle, x509, der, der.length, replaceExisting, context.bytes),
        'CertAddEncodedCertificateToStore',
      );
      if (friendlyName !== undefined) {
        const name = wide(friendlyName);
        const blob = Buffer.alloc(16);
        blob.writeUInt32LE(name.length, 0);
        blob.writeBigUInt64LE(ffi.addressOf(name), 8);
        done(CertSetCertificateContextProperty(context.value, friendlyNameProperty, 0, blob), 'the friendly name');
        name.subarray(0);
      }
      if (key === undefined) return close();
      const container = `roles-anywhere-${new X509Certificate(certificate).serialNumber}`;
      importKey(key, container);
      // CRYPT_KEY_PROV_INFO: container, provider, type, flags, parameters, which key
      const [containerName, providerName, info] = [wide(container), wide(provider), Buffer.alloc(48)];
      info.writeBigUInt64LE(ffi.addressOf(containerName), 0);
      info.writeBigUInt64LE(ffi.addressOf(providerName), 8);
      info.writeUInt32LE(providerAes, 16);
      info.writeUInt32LE(keyExchange, 40);
      done(CertSetCertificateContextProperty(context.value, providerProperty, 0, info), 'the key of the certificate');
      containerName.subarray(providerName.length);
      close();
    },
    clear(store: string): void {
      const handle = open(store);
      for (let context = 0n; (context = crypt.CertEnumCertificatesInStore(handle, 0n)) !== 0n;) {
        crypt.CertDeleteCertificateFromStore(context);
      }
      crypt.CertCloseStore(handle, 0);
    },
  };
}

/** PRIVATEKEYBLOB of an RSA key: header, then n, p, q, dp, dq, qi and d, each with its last byte first. */
function privateKeyBlob(pem: string): Buffer {
  const {
    n = '',
    e = '',
    d = '',
    p = '',
    q = '',
    dp = '',
    dq = '',
    qi = '',
  } = createPrivateKey(pem).export({
    format: 'jwk',
  });
  const size = Buffer.from(n, 'base64url').length;
  const number = (text: string, length: number): Buffer => {
    const bytes = Buffer.from(text, 'base64url').reverse();
    return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
  };
  const header = Buffer.alloc(20);
  header.writeUInt8(7, 0);
  header.writeUInt8(2, 1);
  header.writeUInt32LE(0xa400, 4);
  header.write('RSA2', 8, 'latin1');
  header.writeUInt32LE(size * 8, 12);
  number(e, 4).copy(header, 16);
  const halves = [p, q, dp, dq, qi].map((text) => number(text, size / 2));
  return Buffer.concat([header, number(n, size), ...halves, number(d, size)]);
}
