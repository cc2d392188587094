// A results server on loopback, strict: what @actions/artifact speaks with for artifacts, and the blob storage behind it.
// Twirp over JSON (CreateArtifact, FinalizeArtifact, ListArtifacts, DeleteArtifact), then Azure's block uploads.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StoredArtifact {
  readonly id: number;
  readonly name: string;
  /** Of the job that made it. */
  readonly job: string;
  readonly mimeType: string | undefined;
  /** RFC 3339, if the client asked for a date. */
  readonly expiresAt: string | undefined;
  readonly content: Buffer;
}

export interface ResultsRequest {
  /** `CreateArtifact` and so on, or `block` and `blocklist`. */
  readonly call: string;
  /** Of the same call, from 1. */
  readonly count: number;
}

export interface ResultsOptions {
  /** Answers in the server's place: breaks the connection, never answers, or sends a status with a Twirp error. */
  readonly fault?: (
    request: ResultsRequest,
  ) => 'reset' | 'hang' | { status: number; message: string } | undefined;
  /** Breaks the connection after the call had its effect. */
  readonly loseAnswer?: (request: ResultsRequest) => boolean;
}

export interface ResultsServer extends AsyncDisposable {
  /** What a runner sets for a step. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same for a step of another job of the run. */
  readonly environmentOf: (job: string) => Readonly<Record<string, string>>;
  /** Those that are finished and not deleted, by name. */
  readonly artifacts: ReadonlyMap<string, StoredArtifact>;
  /** All calls, in order. */
  readonly calls: readonly string[];
  /** The signatures of all upload URLs. */
  readonly signatures: readonly string[];
  /** Requests that broke a rule. */
  readonly violations: readonly string[];
}

interface Upload {
  readonly id: number;
  readonly name: string;
  readonly job: string;
  readonly signature: string;
  readonly mimeType: string | undefined;
  readonly expiresAt: string | undefined;
  readonly blocks: Map<string, Buffer>;
  content?: Buffer;
}

const runId = 'ce7f54c7-61c7-4aae-887f-30da475f5f1a';
const jobId = 'ca395085-040a-526b-2ce8-bdc85f692774';
const service = '/twirp/github.actions.results.api.v1.ArtifactService/';

export async function startResultsServer(options: ResultsOptions = {}): Promise<ResultsServer> {
  const uploads = new Map<string, Upload>();
  const artifacts = new Map<string, StoredArtifact>();
  const calls: string[] = [];
  const signatures: string[] = [];
  const violations: string[] = [];
  /** The jobs, by their tokens. */
  const jobs = new Map<string, string>();
  let origin = '';

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      violations.push(String(error));
      send(response, 500, { code: 'internal', msg: String(error) });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const body = await readBody(request);
    const call = url.pathname.startsWith(service)
      ? url.pathname.slice(service.length)
      : (url.searchParams.get('comp') ?? url.pathname);
    calls.push(call);
    const seen = { call, count: calls.filter((other) => other === call).length };
    const fault = options.fault?.(seen);
    if (fault === 'hang') return;
    if (fault === 'reset') {
      request.socket.destroy();
      return;
    }
    if (fault !== undefined) {
      send(response, fault.status, { code: 'fault', msg: fault.message });
      return;
    }
    const reply = url.pathname.startsWith(service) ? twirp(call, request, body) : storage(request, url, body);
    if (options.loseAnswer?.(seen) === true) request.socket.destroy();
    else send(response, reply.status, reply.body);
  }

  function twirp(call: string, request: IncomingMessage, body: Buffer): { status: number; body: object } {
    assert.equal(request.method, 'POST');
    const job = jobs.get(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
    assert.ok(job !== undefined, 'no such token');
    const message = JSON.parse(body.toString()) as Record<string, string>;
    assert.equal(message.workflow_run_backend_id, runId);
    const name = message.name ?? '';
    // A deletion names the job that made the artifact.
    const wanted = call === 'DeleteArtifact' ? artifacts.get(name)?.job : job;
    assert.equal(message.workflow_job_run_backend_id, wanted ?? job);
    switch (call) {
      case 'CreateArtifact':
        return create(name, job, message);
      case 'FinalizeArtifact':
        return finalize(name, message);
      case 'ListArtifacts': {
        const found = [...artifacts.values()].filter((item) => item.name === message.name_filter);
        return { status: 200, body: { artifacts: found.map(describe) } };
      }
      case 'DeleteArtifact': {
        const found = artifacts.get(name);
        assert.ok(found, `DeleteArtifact of ${name}, which is not there`);
        artifacts.delete(name);
        uploads.delete(name);
        return { status: 200, body: { ok: true, artifact_id: String(found.id) } };
      }
      default:
        assert.fail(`unknown call ${call}`);
    }
  }

  function create(
    name: string,
    job: string,
    message: Record<string, string>,
  ): { status: number; body: object } {
    assert.equal(Number(message.version), 7);
    assert.ok(!/["<>|*?\\/:\r\n]/.test(name) && name !== '', `name ${name}`);
    const existing = uploads.get(name);
    // An upload that was never finished holds no name.
    if (existing !== undefined && artifacts.has(name)) {
      const msg = 'an artifact with this name already exists on the workflow run';
      return { status: 409, body: { code: 'already_exists', msg } };
    }
    const signature = `${randomBytes(24).toString('base64')}=`;
    signatures.push(signature);
    const upload: Upload = {
      id: calls.length + 1000,
      name,
      job,
      signature,
      mimeType: message.mime_type,
      expiresAt: message.expires_at,
      blocks: new Map(),
    };
    uploads.set(name, upload);
    const query = new URLSearchParams({ se: '2030-01-01T00:00:00Z', sig: signature, sp: 'rw' }).toString();
    return { status: 200, body: { ok: true, signed_upload_url: `${origin}/blobs/${upload.id}?${query}` } };
  }

  function finalize(name: string, message: Record<string, string>): { status: number; body: object } {
    const upload = uploads.get(name);
    assert.ok(upload?.content, `FinalizeArtifact of ${name}, which has no content`);
    const { id, job, mimeType, expiresAt, content } = upload;
    assert.equal(message.size, String(content.length));
    assert.equal(message.hash, `sha256:${createHash('sha256').update(content).digest('hex')}`);
    artifacts.set(name, { id, name, job, mimeType, expiresAt, content });
    return { status: 200, body: { ok: true, artifact_id: String(id) } };
  }

  function storage(request: IncomingMessage, url: URL, body: Buffer): { status: number; body: object } {
    assert.equal(request.method, 'PUT');
    const upload = [...uploads.values()].find(({ id }) => url.pathname === `/blobs/${id}`);
    assert.ok(upload, `no upload at ${url.pathname}`);
    assert.equal(url.searchParams.get('sig'), upload.signature);
    assert.equal(request.headers.authorization, undefined, 'the token is for the results service alone');
    if (url.searchParams.get('comp') === 'block') {
      upload.blocks.set(url.searchParams.get('blockid') ?? '', body);
    } else {
      assert.equal(url.searchParams.get('comp'), 'blocklist');
      const names = [...body.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id = '']) => id);
      upload.content = Buffer.concat(names.map((id) => upload.blocks.get(id) ?? assert.fail(`block ${id}`)));
    }
    return { status: 201, body: {} };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environmentOf = (job: string) => {
    const token = createToken(job);
    jobs.set(token, job);
    return {
      // The path is not part of where the service is.
      ACTIONS_RESULTS_URL: `${origin}/results/`,
      ACTIONS_RUNTIME_TOKEN: token,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'owner/app',
      GITHUB_RUN_ID: '42',
      GITHUB_RUN_ATTEMPT: '1',
    };
  };
  return {
    environment: environmentOf(jobId),
    environmentOf,
    artifacts,
    calls,
    signatures,
    violations,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function describe({ id, name, job, content }: StoredArtifact): object {
  return {
    workflow_run_backend_id: runId,
    workflow_job_run_backend_id: job,
    database_id: String(id),
    name,
    size: String(content.length),
    created_at: '2024-01-01T00:00:00Z',
  };
}

/** A JWT is read by the client, and checked by nobody but the service. */
function createToken(job: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const scopes = `Actions.GenericRead:00000000 Actions.Results:${runId}:${job}`;
  return `${part({ alg: 'none' })}.${part({ scp: scopes })}.${randomBytes(8).toString('hex')}`;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
