import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listPkcs11Certificates, openPkcs11Identity } from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import type { Pkcs11Options } from '../../../../src/identity/backends/pkcs11/pkcs11-options.ts';
import { root } from '../../../support/command.ts';
import { koffiPackage } from '../../../support/cryptoki-binding.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../../../support/openssl.ts';
import { certificateAt, optionsWith, personWho, privateKeyAt } from '../../../support/pkcs11.ts';
import { needs } from '../../../support/programs.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule } from '../../../support/softhsm.ts';
import { rejectionOf } from '../../../support/thrown.ts';

const noModule: Pkcs11Options = { reusePin: false, useLatestExpiring: false };

const list = async (uri: string, options: Pkcs11Options): Promise<number> =>
  (await listPkcs11Certificates(certificateAt(uri), options, personWho())).length;

const named = (path: string) => ({ option: '--pkcs11-lib', path });

describe('the module', needsSoftHsm(), () => {
  let folder: string;

  beforeAll(() => {
    folder = makeFolder();
    const token = makeSoftHsm(folder).makeToken('hsm');
    const leaf = makeLeaf(folder, 'leaf', makeCa(folder, 'root'));
    token.addKey(leaf.key, { label: 'leaf', id: '01' });
    token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
  });

  afterAll(() => removeFolder(folder));

  const softHsm = `module-path=${encodeURIComponent(softHsmModule)}`;

  test('is named by option, URI, environment, in this order', async () => {
    const good = named(softHsmModule);
    const bad = { option: 'bad', path: '/nowhere/module.so' };
    expect(
      await list('pkcs11:?module-path=/nowhere/module.so', optionsWith({ module: good, defaultModule: bad })),
    ).toBe(1);
    expect(await list(`pkcs11:?${softHsm}`, { ...noModule, defaultModule: bad })).toBe(1);
    expect(await list('pkcs11:', { ...noModule, defaultModule: good })).toBe(1);
    const error = await rejectionOf(list(`pkcs11:?${softHsm}`, optionsWith({ module: bad })));
    expect(error.message).toMatch(/^bad: the PKCS#11 module \/nowhere\/module\.so does not load: /);
  });

  test('is the same for certificate and key', async () => {
    const source = {
      certificate: certificateAt(`pkcs11:token=hsm;object=leaf?${softHsm}`),
      privateKey: privateKeyAt('pkcs11:token=hsm;object=leaf?module-path=/other.so&pin-value=1234'),
    };
    const error = await rejectionOf(openPkcs11Identity(source, noModule, personWho()));
    expect(error.code).toBe('OPTION_CONFLICT');
    expect(error.message).toBe(
      'module-path of --private-key and module-path of --certificate name different PKCS#11 modules',
    );
  });

  test('that is not there', async () => {
    const error = await rejectionOf(list('pkcs11:', optionsWith({ module: named('/nowhere/module.so') })));
    expect(error.code).toBe('PKCS11_MODULE');
    expect(error.message).toMatch(
      /^--pkcs11-lib: the PKCS#11 module \/nowhere\/module\.so does not load: .*No such file/,
    );
  });

  test('that is no library', async () => {
    const path = join(folder, 'text.so');
    writeFileSync(path, 'this is no library, but it is long enough to look like one');
    const error = await rejectionOf(list('pkcs11:', optionsWith({ module: named(path) })));
    expect(error.code).toBe('PKCS11_MODULE');
    expect(error.hints).toEqual(['the file is no library']);
  });

  test('that is a library for another processor', async () => {
    const path = join(folder, 'other.so');
    const header = Buffer.alloc(64);
    header.set(Buffer.from('7f454c46020101', 'hex'));
    header.writeUInt16LE(3, 16);
    header.writeUInt16LE(arch() === 'arm64' ? 62 : 183, 18);
    writeFileSync(path, header);
    const error = await rejectionOf(list('pkcs11:', optionsWith({ module: named(path) })));
    expect(error.code).toBe('PKCS11_MODULE');
    expect(error.hints).toEqual([
      `the file is built for ${arch() === 'arm64' ? 'x64' : 'arm64'}, and this Node for ${arch()}`,
    ]);
  });

  test('that is a named pipe or a device is not waited for', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const [path, what] of [
      [pipe, 'a named pipe'],
      ['/dev/zero', 'a device or socket'],
    ] as const) {
      const error = await rejectionOf(list('pkcs11:', optionsWith({ module: named(path) })));
      expect(error.code).toBe('PKCS11_MODULE');
      expect(error.message).toContain(`the PKCS#11 module ${path} does not load: ${path}: it is ${what}, and no file`);
    }
  });

  test('that is a folder', async () => {
    const error = await rejectionOf(list('pkcs11:', optionsWith({ module: named(folder) })));
    expect(error.code).toBe('PKCS11_MODULE');
    expect(error.message).toContain(`${folder}: cannot read file data: Is a directory`);
  });

  test('that is a library and no PKCS#11 module', async () => {
    const path = join(root, 'node_modules', koffiPackage, `${platform()}_${arch()}`, 'koffi.node');
    const error = await rejectionOf(list('pkcs11:', optionsWith({ module: named(path) })));
    expect(error.code).toBe('PKCS11_MODULE');
    expect(error.message).toContain('C_GetFunctionList');
    expect(error.hints).toEqual(['the file is a library, but no PKCS#11 module']);
  });

  test('that is found nowhere by its name: every name that was tried is told', async () => {
    const error = await rejectionOf(list('pkcs11:?module-name=no-such-module', noModule));
    expect(error.code).toBe('PKCS11_MODULE');
    expect(error.message).toMatch(
      /^module-name of --certificate: the PKCS#11 module no-such-module\.so does not load: no-such-module\.so: .*; libno-such-module\.so: /,
    );
    expect(error.hints[0]).toContain('give the whole path');
  });

  test('that is a relative path which is not there', async () => {
    const error = await rejectionOf(list('pkcs11:', optionsWith({ module: named('./modules/none.so') })));
    expect(error.hints).toEqual(['the path is relative to the working directory: give the whole path']);
  });

  test('that cannot start says why', async () => {
    const before = process.env['SOFTHSM2_CONF'] ?? '';
    process.env['SOFTHSM2_CONF'] = join(folder, 'missing.conf');
    const error = await rejectionOf(list('pkcs11:', optionsWith()));
    process.env['SOFTHSM2_CONF'] = before;
    expect(error.code).toBe('PKCS11_MODULE');
    expect(error.message).toBe(
      `--pkcs11-lib: the PKCS#11 module ${softHsmModule} cannot start: C_Initialize failed with CKR_GENERAL_ERROR: the module failed and gives no reason`,
    );
    expect(error.hints[0]).toContain('SOFTHSM2_CONF');
    expect(await list('pkcs11:', optionsWith())).toBe(1);
  });

  describe('of p11-kit', needs('p11-kit'), () => {
    test('is the default, by its bare name', async () => {
      expect(await list('pkcs11:token=hsm;object=leaf', noModule)).toBe(1);
      const identity = await openPkcs11Identity(
        { certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') },
        noModule,
        personWho(),
      );
      expect(await identity.signer.sign(Buffer.from('message'))).toBeInstanceOf(Uint8Array);
      await identity.close();
    });

    test('by its name in the URI', async () => {
      expect(await list('pkcs11:token=hsm?module-name=p11-kit-proxy', noModule)).toBe(1);
    });
  });

  describe('the package of koffi for this platform', () => {
    let installation: string;

    /** The backend bundled and installed alone, as a user has it who did not install the optional package. */
    beforeAll(async () => {
      installation = join(folder, 'installation');
      const backend = join(root, 'src', 'identity', 'backends', 'pkcs11', 'open-pkcs11.ts');
      await build({
        stdin: {
          contents: `import { listPkcs11Certificates } from ${JSON.stringify(backend)};
            const options = { reusePin: false, useLatestExpiring: false };
            const context = { now: () => new Date(), warn: () => undefined };
            listPkcs11Certificates({ option: '--certificate', uri: { modulePath: ${JSON.stringify(softHsmModule)} } }, options, context).then(
              (list) => console.log(JSON.stringify({ found: list.length })),
              ({ code, message, hints }) => console.log(JSON.stringify({ code, message, hints })),
            );`,
          resolveDir: root,
        },
        outfile: join(installation, 'main.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
      });
    });

    const run = (): unknown =>
      JSON.parse(
        execFileSync(process.execPath, [join(installation, 'main.mjs')], { encoding: 'utf8', timeout: 60_000 }),
      );

    test('that is not installed: how to install it', () => {
      expect(run()).toEqual({
        code: 'PKCS11_NOT_INSTALLED',
        message: `keys on a PKCS#11 token need the package ${koffiPackage}, which is not installed`,
        hints: expect.arrayContaining([
          `install it beside this package: npm install ${koffiPackage}`,
          expect.stringContaining('--omit=optional'),
        ]),
      });
    });

    test('that is installed: what is on the token', () => {
      const target = join(installation, 'node_modules', koffiPackage);
      cpSync(join(root, 'node_modules', koffiPackage), target, { recursive: true });
      expect(run()).toEqual({ found: 1 });
    });
  });
});
