// The servers of sigstore itself, started on loopback with our issuer and our log of certificates.

import { spawn } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeAuthority } from './authorities.ts';
import { startCertificateLog } from './certificate-log.ts';
import { pem } from './fulcio.ts';
import { startIssuer } from './issuer.ts';
import type { Issuer } from './issuer.ts';
import { sigstoreProgram, unlessInSigstore } from './programs.ts';
import type { SigstoreProgram } from './programs.ts';
import { describeSigstore } from './sigstore.ts';
import type { SigstoreDocuments } from './sigstore.ts';

/** For the `skip` of a suite. */
export const skipWithoutSigstore = unlessInSigstore('fulcio', 'rekor-server', 'timestamp-server', 'cosign');

/** The timestamp authority takes it for its metrics, and nothing tells it otherwise. */
const metricsPort = 2112;

export interface RealSigstore extends SigstoreDocuments, AsyncDisposable {
  readonly issuer: Issuer;
  readonly logUrl: string;
}

/** @param folder for keys, settings and the log's tiles */
export async function startRealSigstore(folder: string): Promise<RealSigstore> {
  await claimPort(metricsPort);
  const issuer = await startIssuer();
  const authority = makeAuthority('sigstore.test', 'code');
  const certificateLog = await startCertificateLog(authority.keys.publicKey);
  const write = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const passphrase = 'only for tests';
  const key = authority.keys.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase,
  });
  const settings = {
    OIDCIssuers: {
      [issuer.url]: { IssuerURL: issuer.url, ClientID: 'sigstore', Type: 'github-workflow' },
    },
  };
  const [fulcioPort, fulcioGrpc, fulcioMetrics, rekorPort, rekorGrpc, rekorMetrics, timestampPort] =
    await freePorts(7);
  const log = generateKeyPairSync('ed25519');
  const running = [
    start('fulcio', [
      'serve',
      ...['--host', '127.0.0.1', '--port', `${fulcioPort}`],
      ...['--grpc-host', '127.0.0.1', '--grpc-port', `${fulcioGrpc}`, '--metrics-port', `${fulcioMetrics}`],
      ...['--legacy-unix-domain-socket', join(folder, 'fulcio.sock')],
      ...['--config-path', write('fulcio.json', JSON.stringify(settings))],
      ...['--ca', 'fileca', '--fileca-watch=false', '--fileca-key-passwd', passphrase],
      ...['--fileca-cert', write('ca.pem', authority.chain.map(pem).join(''))],
      ...['--fileca-key', write('ca.key', key.toString())],
      ...['--ct-log-url', certificateLog.url],
    ]),
    start('rekor-server', [
      'serve',
      ...['--http-address', '127.0.0.1', '--http-port', `${rekorPort}`],
      ...['--grpc-address', '127.0.0.1', '--grpc-port', `${rekorGrpc}`],
      ...['--http-metrics-port', `${rekorMetrics}`, '--hostname', '127.0.0.1'],
      ...['--storage-dir', join(folder, 'tiles'), '--checkpoint-interval', '1s', '--persistent-antispam'],
      ...[
        '--signer-filepath',
        write('log.key', log.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      ],
    ]),
    start('timestamp-server', [
      'serve',
      ...['--host', '127.0.0.1', '--port', `${timestampPort}`, '--disable-ntp-monitoring'],
      ...['--timestamp-signer', 'memory'],
    ]),
  ];
  const stop = async () => {
    await Promise.all(running.map((end) => end()));
    await Promise.all([issuer, certificateLog].map((one) => one[Symbol.asyncDispose]()));
  };
  const url = (port: number | undefined) => `http://127.0.0.1:${port}`;
  const timestampUrl = url(timestampPort);
  const ready = ['/api/v1/timestamp/certchain', '/healthz', '/healthz'].map((path, index) =>
    answerOf(`${url([timestampPort, rekorPort, fulcioPort][index])}${path}`),
  );
  const [chain = ''] = await Promise.all(ready).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const raw = log.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const documents = describeSigstore({
    issuerUrl: issuer.url,
    fulcio: { url: url(fulcioPort), chain: authority.chain, logKey: certificateLog.keys.publicKey },
    rekor: {
      url: url(rekorPort),
      publicKey: createPublicKey(log.privateKey),
      identity: createHash('sha256')
        .update('127.0.0.1\n')
        .update(Buffer.from([1]))
        .update(raw)
        .digest(),
    },
    timestamps: { url: timestampUrl, chain: certificatesOf(chain) },
  });
  return {
    ...documents,
    issuer,
    logUrl: url(rekorPort),
    [Symbol.asyncDispose]: stop,
  };
}

function start(name: SigstoreProgram, args: readonly string[]): () => Promise<void> {
  const child = spawn(sigstoreProgram(name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
  let isWanted = true;
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      if (isWanted) console.error(`${name} ended with ${code}:\n${said}`);
      resolve();
    });
  });
  return async () => {
    isWanted = false;
    child.kill('SIGKILL');
    await ended;
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => {
            resolve((server.address() as AddressInfo).port);
          });
        }),
    ),
  );
  for (const server of servers) server.close();
  return ports;
}

/** @throws Error when something else has the port */
async function claimPort(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`timestamp-server needs port ${port}, which is in use`, { cause }));
    });
    server.listen(port, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

/** Waits until a server is there. */
async function answerOf(url: string): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await fetch(url);
      if (response.ok) return await response.text();
      throw new Error(`${url}: ${response.status}`);
    } catch (error) {
      if (attempt === 150) throw error;
      await sleep(100);
    }
  }
}

function certificatesOf(text: string): Buffer[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.map((certificate) => new X509Certificate(certificate).raw);
}
