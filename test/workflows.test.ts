// The workflows of this repository and those of the documentation: valid, complete, and with no more rights than needed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { lintWorkflow } from './support/actionlint.ts';
import { temporaryFolder } from './support/folder.ts';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Concurrency {
  readonly group: string;
  readonly 'cancel-in-progress': boolean;
}

interface Job {
  readonly permissions?: unknown;
  readonly concurrency?: Concurrency;
  readonly 'timeout-minutes'?: number;
  readonly steps?: readonly Step[];
  readonly container?: string;
  readonly services?: Readonly<Record<string, { readonly image: string }>>;
  readonly strategy?: { readonly matrix?: { readonly include?: readonly { readonly image?: string }[] } };
  /** Of a job that is a reusable workflow. */
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: unknown;
  readonly permissions?: unknown;
  readonly concurrency?: Concurrency;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Triggers {
  readonly push?: { readonly branches?: readonly string[]; readonly tags?: readonly string[] };
  readonly pull_request?: unknown;
  readonly pull_request_target?: { readonly types?: readonly string[] };
  readonly workflow_run?: { readonly workflows?: readonly string[] };
}

type Action = Readonly<Record<'inputs' | 'outputs', Readonly<Record<string, unknown>>>>;

const main = parse(readFileSync('action.yml', 'utf8')) as Action;
const cleanup = parse(readFileSync('cleanup/action.yml', 'utf8')) as Action;
const setup = { inputs: {}, ...(parse(readFileSync('setup/action.yml', 'utf8')) as Pick<Action, 'outputs'>) };
/** The actions of this repository, by what a step uses. */
const own: Readonly<Record<string, Action>> = {
  './': main,
  './cleanup': cleanup,
  './setup': setup,
  'nubificus/bima-action@v1': main,
  'nubificus/bima-action/cleanup@v1': cleanup,
  'nubificus/bima-action/setup@v1': setup,
};

const reusable = parse(readFileSync('.github/workflows/image.yml', 'utf8')) as Workflow & {
  readonly on: {
    readonly workflow_call: Action & {
      readonly inputs: Readonly<Record<string, { readonly type: string; readonly default: unknown }>>;
      readonly secrets: Readonly<Record<string, unknown>>;
    };
  };
};
/** The workflows of this repository that a job uses. */
const ownWorkflows: Readonly<Record<string, Action>> = {
  'nubificus/bima-action/.github/workflows/image.yml@v1': reusable.on.workflow_call,
};

/** Whatever else a run's script holds, no expression: text from outside would become part of the script. */
const expression = /\$\{\{/;

const noShell = process.platform === 'win32' && 'runs on Linux alone';
const hasZizmor = spawnSync('zizmor', ['--version']).status === 0;
const files = [...globSync('.github/workflows/*.yml'), ...globSync('docs/workflows/*.yml')].sort();

describe('workflows', () => {
  it('are there', () => {
    assert.ok(files.length >= 12, files.join(', '));
  });

  it('are looked at by actionlint, which finds what is wrong', async () => {
    const broken =
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ foo.bar }}\n';
    const [finding = ''] = await lintWorkflow(broken, 'broken.yml');
    assert.match(finding, /broken\.yml:6:.*undefined variable "foo"/);
  });

  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const workflow = parse(text) as Workflow;
    const jobs = Object.entries(workflow.jobs);
    const steps = jobs.flatMap(([, job]) => job.steps ?? []);
    const isCalled = JSON.stringify(workflow.on).includes('"workflow_call"');

    describe(file, () => {
      it('is valid for actionlint', async () => {
        assert.deepEqual(await lintWorkflow(text, file), []);
      });

      it('starts without rights, and each job has its own and a timeout', () => {
        assert.deepEqual(workflow.permissions, {});
        // In a called one, the group would be the caller's own.
        assert.equal(workflow.concurrency === undefined, isCalled);
        for (const [name, job] of jobs) {
          assert.ok(job.permissions !== undefined, `${name} has no permissions`);
          if (job.uses === undefined) assert.ok((job['timeout-minutes'] ?? 0) > 0, `${name} has no timeout`);
        }
      });

      it('names other actions by their commit, and the version beside it', () => {
        for (const [line] of text.matchAll(/^.*\buses: .*$/gm)) {
          if (Object.keys({ ...own, ...ownWorkflows }).some((name) => line.endsWith(`uses: ${name}`)))
            continue;
          assert.match(line, /uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
        }
      });

      it('leaves no token behind a checkout, and no expression in a script', () => {
        for (const step of steps) {
          if (step.uses?.startsWith('actions/checkout@') === true)
            assert.equal(step.with?.['persist-credentials'], false);
          assert.doesNotMatch(step.run ?? '', expression);
        }
      });

      it('runs no code of a pull request where it has the rights of the repository', () => {
        if (!/workflow_run|pull_request_target/.test(JSON.stringify(workflow.on))) return;
        for (const { uses = '', run } of steps) {
          assert.equal(run, undefined);
          assert.doesNotMatch(uses, /^actions\/checkout@/);
        }
      });

      it('knows the inputs and outputs of this action', () => {
        for (const step of steps) {
          const action = own[step.uses ?? ''];
          if (action === undefined) continue;
          for (const name of Object.keys(step.with ?? {})) {
            assert.ok(name in action.inputs, `${name} is no input`);
          }
          if (step.id === undefined) continue;
          const outputs = text.matchAll(new RegExp(`steps\\.${step.id}\\.outputs\\.([\\w-]+)`, 'g'));
          for (const [, name = ''] of outputs) assert.ok(name in action.outputs, `${name} is no output`);
        }
        for (const [, { uses = '', with: given = {} }] of jobs)
          for (const name of Object.keys(given))
            assert.ok(name in (ownWorkflows[uses]?.inputs ?? {}), `${name} is no input of ${uses}`);
      });

      it('runs in containers of a digest, which Dependabot knows', () => {
        const known = [...readFileSync('.github/containers/Dockerfile', 'utf8').matchAll(/^FROM (\S+)/gm)];
        if (file.startsWith('docs')) return;
        const images = jobs.flatMap(([, { container, services = {}, strategy }]) => [
          ...(container === undefined ? [] : container.startsWith('${{') ? [] : [container]),
          ...Object.values(services).map(({ image }) => image),
          ...(strategy?.matrix?.include ?? []).flatMap(({ image }) => image ?? []),
        ]);
        for (const image of images) {
          assert.match(image, /^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
          assert.ok(
            known.some(([, name]) => name === image),
            `${image} is not in .github/containers/Dockerfile`,
          );
        }
      });
    });
  }

  it('end each preview of a pull request before its cleanup, and never the cleanup', () => {
    const [preview, push, closed] = ['preview', 'preview-push', 'preview-cleanup'].map(
      (name) => parse(readFileSync(`docs/workflows/${name}.yml`, 'utf8')) as Workflow,
    );
    const { concurrency } = closed?.jobs.images ?? {};
    assert.equal(closed?.concurrency?.group, preview?.concurrency?.group);
    // The same two values, as the two events have them.
    assert.equal(
      concurrency?.group
        .replace('pull_request.head.repo.full_name', 'workflow_run.head_repository.full_name')
        .replace('pull_request.head.ref', 'workflow_run.head_branch'),
      push?.concurrency?.group,
    );
    for (const own of [closed?.concurrency, concurrency]) assert.equal(own?.['cancel-in-progress'], true);
    // That of a build which ends after the closing would come upon the cleanup.
    assert.equal(push?.concurrency?.['cancel-in-progress'], false);
  });

  const versions = { 'v1.2.3': false, 'v1.2.3-rc.1': true, 'v1.2.3+build-7': false };
  for (const [tag, isPrerelease] of Object.entries(versions)) {
    it(`publish ${tag} as a ${isPrerelease ? 'prerelease' : 'release'}`, { skip: noShell }, (test) => {
      const { jobs } = parse(readFileSync('docs/workflows/release.yml', 'utf8')) as Workflow;
      const script = jobs.release?.steps?.at(-1)?.run ?? assert.fail('no script');
      const cwd = temporaryFolder(test);
      writeFileSync(join(cwd, 'sbom.json'), '{}');
      // The release is a draft for it, and what it is asked to do is shown.
      const gh = 'gh() { case "$2" in view) echo true ;; *) echo "$@" ;; esac; }';
      const env = { ...process.env, TAG: tag, SBOM: 'sbom.json', LATEST: 'false' };
      const { stdout, stderr } = spawnSync('bash', ['-e', '-c', `${gh}\n${script}`], {
        cwd,
        env,
        encoding: 'utf8',
      });
      const published = `release edit ${tag} --draft=false --prerelease=${isPrerelease} --latest=false`;
      assert.equal(stdout.trim().split('\n').at(-1), published, stderr);
    });
  }

  // What the first lines of a recipe say of when it runs, and the trigger that makes it true.
  const triggers: readonly (readonly [words: RegExp, isTriggered: (on: Triggers) => boolean])[] = [
    [/\beach push to main\b/, (on) => on.push?.branches?.includes('main') === true],
    [/\bversion tag\b/, (on) => on.push?.tags?.includes('v*') === true],
    [/\bpull requests? only build|\beach pull request\b|\bof pull requests\b/i, (on) => 'pull_request' in on],
    [/\bpull request that was closed\b/, (on) => on.pull_request_target?.types?.join() === 'closed'],
    [/\bwhat preview-build\.yml has built\b/, (on) => on.workflow_run?.workflows?.join() === 'Preview build'],
  ];
  for (const file of globSync('docs/workflows/*.yml')) {
    it(`start ${file} when its first lines say so, and not otherwise`, () => {
      const text = readFileSync(file, 'utf8');
      const said = (/^(?:#.*\n)+/.exec(text)?.[0] ?? '').replace(/\n# /g, ' ');
      const { on } = parse(text) as { on: string | Triggers };
      const found = typeof on === 'string' ? { [on]: {} } : on;
      const times = triggers.filter(([words]) => words.test(said));
      assert.ok(times.length > 0, `the first lines don't say when: ${said}`);
      for (const [words, isTriggered] of triggers)
        assert.equal(isTriggered(found), words.test(said), `${words.source}: ${said}`);
    });
  }

  it('hand each input of the reusable workflow to the action, and take its outputs from there', () => {
    const { inputs, outputs, secrets } = reusable.on.workflow_call;
    const { steps = [], outputs: ofJob = {} } = reusable.jobs.image as Job & {
      outputs?: Record<string, string>;
    };
    const given = steps.find(({ id }) => id === 'image')?.with ?? {};
    for (const name of Object.keys(inputs)) {
      if (name.startsWith('artifact')) continue;
      assert.equal(given[name], `\${{ inputs.${name} }}`, name);
    }
    for (const name of Object.keys(secrets)) assert.equal(given[name], `\${{ secrets.${name} }}`, name);
    for (const name of Object.keys(outputs)) {
      assert.deepEqual(outputs[name], {
        ...(outputs[name] as object),
        value: `\${{ jobs.image.outputs.${name} }}`,
      });
      assert.equal(ofJob[name], `\${{ steps.image.outputs.${name} }}`);
    }
    for (const name of ['image', 'digest']) assert.ok(name in outputs);
  });

  it("run none of the caller's programs in the job of the reusable workflow", () => {
    const { steps = [] } = reusable.jobs.image ?? {};
    assert.deepEqual(Object.keys(reusable.jobs), ['image']);
    for (const { uses = '', run } of steps) {
      assert.equal(run, undefined);
      assert.match(
        uses,
        /^(?:actions\/(?:checkout|download-artifact)@[0-9a-f]{40}|nubificus\/bima-action@v1)$/,
      );
    }
  });

  it('commit every file of dist', () => {
    const script = readFileSync('.github/workflows/check-dist.yml', 'utf8');
    const [, names = ''] = /for name in (.+); do/.exec(script) ?? [];
    assert.deepEqual(names.split(' ').sort(), readdirSync('dist').sort());
  });

  it('are fine for zizmor', { skip: hasZizmor ? false : 'no zizmor on the PATH' }, () => {
    const options = ['--offline', '--no-progress', '--config', '.github/zizmor.yml'];
    const { status, stdout, stderr } = spawnSync(
      'zizmor',
      [
        ...options,
        ...files,
        'action.yml',
        'cleanup/action.yml',
        'setup/action.yml',
        '.github/dependabot.yml',
      ],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });

  it('use one version of each action', () => {
    const versions = new Map<string, Set<string>>();
    for (const file of files) {
      for (const [, name = '', version = ''] of readFileSync(file, 'utf8').matchAll(/uses: (.+?)@(.*)$/gm))
        versions.set(name, (versions.get(name) ?? new Set()).add(version));
    }
    for (const [name, found] of versions) assert.equal(found.size, 1, `${name}: ${[...found].join(', ')}`);
  });
});
