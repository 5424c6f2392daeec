/** Signs with the stand-ins for stores on Bun, by bun:ffi, and prints as JSON what openssl says of it and what was not given back. */
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../../../support/openssl.ts';
import { opensslJudge } from '../../../support/openssl-judge.ts';

interface BunRuntime {
  plugin(plugin: { name: string; setup(build: BunBuild): void }): void;
}
interface BunBuild {
  onLoad(place: { filter: RegExp }, load: () => { contents: string; loader: 'ts' }): void;
}

// As the build of the executable does.
(globalThis as unknown as { Bun: BunRuntime }).Bun.plugin({
  name: 'bun:ffi',
  setup(build) {
    build.onLoad({ filter: /find-ffi\.ts$/ }, () => ({ contents: "export * from './find-ffi-bun.ts'", loader: 'ts' }));
  },
});
const { makeStandIn, openInStore } = await import('../../../support/store-stand-ins.ts');

const message = Buffer.from('to be signed');
const folder = makeFolder();
const ca = makeCa(folder, 'ca');
const result: Record<string, readonly [boolean, number]> = {};
for (const system of ['keychain', 'windows-store'] as const) {
  const store = await makeStandIn(folder, system);
  for (const [kind, keyType] of [
    ['rsa', 'rsa:2048'],
    ['p256', 'p256'],
  ] as const) {
    store.put(kind, makeLeaf(folder, kind, ca, { keyType }), kind);
    const opened = await openInStore(store, kind);
    const signature = await opened.key.signer.sign(message);
    opened.close();
    const isRight = opensslJudge(folder, opened.certificate.publicKeyInfo)(message, signature, 'SHA-256');
    result[`${system} ${kind}`] = [isRight, store.live()];
  }
}
removeFolder(folder);
console.log(JSON.stringify(result));
