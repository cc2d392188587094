// Whether this job of the run made an artifact: the service knows, though the library doesn't say.

import { BimaError } from '../core/errors.ts';
import { isObject, parseJsonObject } from '../core/oci/json.ts';
import type { JsonObject } from '../core/oci/json.ts';
import type { ArtifactWorld } from './artifact.ts';

/** What the service calls a run and a job of it. A job has the same name in each attempt, each leg of a matrix its own. */
interface Backend {
  readonly run: string;
  readonly job: string;
}

/**
 * True for one that this same job made, in any attempt; false also when the service doesn't say. Asks it with the run's
 * own token (ListArtifacts of actions/toolkit, packages/artifact). Never throws but for an interruption.
 */
export async function isOwnArtifact(
  name: string,
  { environment, signal }: Pick<ArtifactWorld, 'environment' | 'signal'>,
): Promise<boolean> {
  const { ACTIONS_RESULTS_URL: url = '', ACTIONS_RUNTIME_TOKEN: token = '' } = environment;
  const backend = backendOf(token);
  if (backend === undefined || !URL.canParse(url)) return false;
  try {
    const request = {
      workflow_run_backend_id: backend.run,
      workflow_job_run_backend_id: backend.job,
      name_filter: name,
    };
    const { artifacts } = await ask(new URL(url).origin, token, request, signal);
    const found = Array.isArray(artifacts) ? artifacts.filter(isObject) : [];
    const named = found.filter((artifact) => artifact.name === name);
    return named.length > 0 && named.every((artifact) => jobOf(artifact) === backend.job);
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof BimaError)) throw error;
    return false;
  }
}

async function ask(
  origin: string,
  token: string,
  body: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<JsonObject> {
  const [{ createGithubFetch }, { createHttp }, { defaultTimeouts }] = await Promise.all([
    import('./github-fetch.ts'),
    import('../adapters/http/http.ts'),
    import('../adapters/http/watch.ts'),
  ]);
  const http = createHttp({ timeouts: defaultTimeouts, userAgent: 'bima' });
  try {
    const response = await createGithubFetch(http)(
      `${origin}/twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      },
    );
    const bytes = new Uint8Array(await response.arrayBuffer());
    return response.ok ? parseJsonObject(bytes, 'the list of artifacts', 'ARTIFACT_FAILED') : {};
  } finally {
    await http.close();
  }
}

/** Reads the scope `Actions.Results:<run>:<job>` of the token, which is a JWT. */
function backendOf(token: string): Backend | undefined {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const [, run, job] = /[" ]Actions\.Results:([^:" ]+):([^:" ]+)/.exec(payload) ?? [];
  return run === undefined || job === undefined ? undefined : { run, job };
}

/** Reads the field as protobuf or as its JSON spells it. */
function jobOf(artifact: JsonObject): unknown {
  return artifact.workflow_job_run_backend_id ?? artifact.workflowJobRunBackendId;
}
