// Certificates made with openssl: a private authority and servers under it, for as long as a test runs.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A self-signed authority, which can sign tokens too. */
export function makeAuthority(folder: string, name = 'ca', kind: 'rsa' | 'ec' = 'ec'): Certificate {
  const files = filesOf(folder, name);
  openssl(
    'req',
    '-x509',
    '-days',
    '30',
    '-nodes',
    ...newKey(kind),
    '-subj',
    `/CN=bima test ${name}`,
    ...outputs(files),
  );
  return readCertificate(files);
}

export interface ServerCertificateOptions {
  /** For `subjectAltName`, such as `IP:127.0.0.1,DNS:localhost`. */
  readonly names?: string;
  /** Already past its end. */
  readonly expired?: boolean;
}

/** A server's certificate, signed by the authority. */
export function makeServerCertificate(
  folder: string,
  authority: Certificate,
  options: ServerCertificateOptions = {},
  name = 'server',
): Certificate {
  const files = filesOf(folder, name);
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  writeFileSync(extensions, `subjectAltName=${options.names ?? 'IP:127.0.0.1,DNS:localhost'}\n`);
  openssl(
    'req',
    '-nodes',
    ...newKey('ec'),
    '-subj',
    '/CN=bima test',
    '-keyout',
    files.keyFile,
    '-out',
    request,
  );
  const validity = options.expired === true ? ['-days', '-1'] : ['-days', '30'];
  const signer = ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    request,
    ...signer,
    ...validity,
    '-extfile',
    extensions,
    '-out',
    files.certFile,
  );
  return readCertificate(files);
}

function newKey(kind: 'rsa' | 'ec'): string[] {
  return kind === 'rsa'
    ? ['-newkey', 'rsa:2048']
    : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
}

function filesOf(folder: string, name: string): { certFile: string; keyFile: string } {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}

function outputs({ certFile, keyFile }: { certFile: string; keyFile: string }): string[] {
  return ['-keyout', keyFile, '-out', certFile];
}

function readCertificate(files: { certFile: string; keyFile: string }): Certificate {
  const read = (file: string) => readFileSync(file, 'utf8');
  return { ...files, cert: read(files.certFile), key: read(files.keyFile) };
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
