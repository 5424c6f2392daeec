/** What stands beside the executables: the licences of all that is in them, and a list of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/set-up.mjs';
import { bundledPackages, notices } from '../build/notices.mjs';
import { bunVersion, targets } from './targets.mjs';

/** Bun is under the MIT licence; JavaScriptCore, which is in it, under the GNU LGPL, version 2, section 6 of which asks for this. */
const ofBun = `Each executable holds Bun ${bunVersion}, Copyright (c) Jarred Sumner and the contributors to Bun, and with it JavaScriptCore.

Bun is under the MIT licence:

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

JavaScriptCore and the parts of WebKit around it are under the GNU Library General Public License, version 2, and are linked statically.
Their source, with the changes that Bun makes, is https://github.com/oven-sh/WebKit; that of Bun, with what links both, is
https://github.com/oven-sh/bun at the tag bun-v${bunVersion}, whose LICENSE.md also lists the other libraries in it with their licences.
You may change that library and use this program with it: build Bun with your JavaScriptCore as its documentation says, put it in the
place of \`bin/bun\` below .cache/bun-${bunVersion} of a checkout of this program, and run \`npm run build:native\`. Nothing of this program
needs to be had besides, as all of its source is published.
`;

/** THIRD-PARTY-NOTICES.txt */
export function noticesOf(inputs) {
  return `${ofBun}\n${'-'.repeat(72)}\n\n${notices(inputs)}`;
}

const idOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** CycloneDX 1.5, without the time, so that the same source gives the same bytes. */
export function billOfMaterials(inputs) {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packages = bundledPackages(inputs).map(({ name, version, license }) => ({
    type: 'library',
    'bom-ref': idOf(name, version),
    name,
    version,
    purl: idOf(name, version),
    licenses: [{ expression: license }],
  }));
  const runtimes = Object.values(targets).map(({ package: name, integrity }) => ({
    type: 'framework',
    'bom-ref': idOf(name, bunVersion),
    name,
    version: bunVersion,
    purl: idOf(name, bunVersion),
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') }],
    licenses: [{ expression: 'MIT AND LGPL-2.0-only' }],
  }));
  const component = {
    type: 'application',
    'bom-ref': idOf(own.name, own.version),
    name: own.name,
    version: own.version,
    purl: idOf(own.name, own.version),
    licenses: [{ expression: own.license }],
  };
  const components = [...runtimes, ...packages];
  const dependencies = [{ ref: component['bom-ref'], dependsOn: components.map((each) => each['bom-ref']) }];
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component },
    components,
    dependencies,
  };
  return `${JSON.stringify(bill, undefined, 1)}\n`;
}
