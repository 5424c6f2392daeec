import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type IssuedLeaf,
  type LeafOptions,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/index.ts';
import { makeFolder, removeFolder } from '../support/openssl.ts';

/** A sandbox, and a folder for what a case needs. */
export class Lab {
  readonly sandbox: Sandbox;
  readonly folder = makeFolder();
  #files = 0;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async open(options: SandboxOptions = {}): Promise<Lab> {
    return new Lab(await startSandbox(options));
  }

  /** The environment of a client of the sandbox, with some of it changed. */
  env(changes: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { ...this.sandbox.environment, HOME: this.folder, ...changes };
  }

  /** @returns its path */
  file(content: string | object, mode = 0o600): string {
    this.#files += 1;
    const path = join(this.folder, `file-${this.#files}`);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode });
    return path;
  }

  /** Options for a leaf of its own. */
  identity({ certificate, privateKey }: Pick<IssuedLeaf, 'certificate' | 'privateKey'>): Record<string, string> {
    return {
      ROLES_ANYWHERE_CERTIFICATE: this.file(certificate),
      ROLES_ANYWHERE_PRIVATE_KEY: this.file(privateKey),
    };
  }

  async leaf(options: LeafOptions = {}): Promise<Record<string, string>> {
    return this.identity(await this.sandbox.ca.issueLeaf(options));
  }

  /** What AWS clients read, of the file that is named so. */
  awsFiles(config: string, credentials = ''): Record<string, string> {
    return { AWS_CONFIG_FILE: this.file(config), AWS_SHARED_CREDENTIALS_FILE: this.file(credentials) };
  }

  async close(): Promise<void> {
    await this.sandbox.close();
    removeFolder(this.folder);
  }
}

/** A trust policy of Roles Anywhere with all that it should have, but for what is given. */
export function policyOf({ sandbox }: Lab, changes: object = {}, more: readonly object[] = []): object {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'rolesanywhere.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    Condition: { ArnEquals: { 'aws:SourceArn': sandbox.trustAnchorArn } },
  };
  return { Version: '2012-10-17', Statement: [{ ...statement, ...changes }, ...more] };
}
