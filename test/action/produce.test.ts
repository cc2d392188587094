// What the inputs make of an image: each of them, seen in the image itself.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { listTar } from '../support/list-tar.ts';
import { temporaryFolder } from '../support/folder.ts';
import { runInputs, runWithLines } from '../support/run-inputs.ts';
import { sampleContainerfile, sampleContext } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';
import type { VerifiedImage } from '../support/verify-layout.ts';

type Given = Readonly<Record<string, string>>;

const tags = 'registry.example/own/app:1';

async function build(test: TestContext, given: Given, environment: Given = {}): Promise<VerifiedImage> {
  const { layout = '' } = await runInputs(
    test,
    { context: sampleContext(test), tags, ...given },
    environment,
  );
  return verifyLayout(layout)[0] ?? assert.fail('no image');
}

/** A context whose Containerfile is this. */
function contextOf(test: TestContext, containerfile: string): string {
  const context = sampleContext(test);
  writeFileSync(join(context, 'Containerfile'), containerfile);
  return context;
}

describe('an input of a build', () => {
  it('adds labels and annotations', async (test) => {
    const { config, manifest } = await build(test, {
      labels: 'org.example.a=1',
      annotations: 'org.example.b=2',
    });
    assert.equal(config.config.Labels['org.example.a'], '1');
    assert.equal(manifest.annotations?.['org.example.b'], '2');
  });

  it('sets the date', async (test) => {
    const { config } = await build(test, {}, { SOURCE_DATE_EPOCH: '1000000000' });
    assert.equal(config.created, '2001-09-09T01:46:40Z');
    assert.equal((await build(test, {})).config.created, '1970-01-01T00:00:00Z');
  });

  it('takes a label that is missing for an error, or not', async (test) => {
    const context = contextOf(test, sampleContainerfile.replace(/LABEL .*cmdline.*\n/, ''));
    await assert.rejects(build(test, { context, strict: 'true' }), { code: 'LABEL_MISSING' });
    const { config } = await build(test, { context, strict: 'false' });
    assert.equal(config.config.Labels['com.urunc.unikernel.cmdline'], undefined);
  });

  it('takes a warning for an error', async (test) => {
    await build(test, { 'fail-on': 'error' });
    await assert.rejects(build(test, { 'fail-on': 'warning' }), { name: 'BimaError' });
  });

  it('makes an ordinary container image', async (test) => {
    const context = contextOf(test, 'FROM scratch\nCOPY redis.conf /a\nCMD ["/a"]\n');
    const platforms = 'linux/amd64';
    await assert.rejects(build(test, { context, platforms }), { code: 'LABEL_MISSING' });
    const { config } = await build(test, { context, platforms, container: 'true' });
    assert.deepEqual(config.config.Cmd, ['/a']);
    assert.ok(!JSON.stringify(config).includes('urunc'));
  });

  it('chooses a stage, and gives it arguments', async (test) => {
    const stage = (name: string) => sampleContainerfile.replace('FROM scratch', `FROM scratch AS ${name}`);
    const both = `${stage('one')}ARG WHO=nobody\nLABEL org.example.stage=one-$WHO\n${stage('two')}LABEL org.example.stage=two\n`;
    const context = contextOf(test, both);
    const labelOf = async (given: Given) =>
      (await build(test, { context, ...given })).config.config.Labels['org.example.stage'];
    assert.equal(await labelOf({}), 'two');
    assert.equal(await labelOf({ target: 'one' }), 'one-nobody');
    assert.equal(await labelOf({ target: 'one', 'build-args': 'WHO=me' }), 'one-me');
  });

  it('leaves labels out that the binary knows', async (test) => {
    const context = contextOf(test, sampleContainerfile.replace(/LABEL .*version.*\n/, ''));
    const labelsOf = async (fill: string) =>
      Object.keys((await build(test, { context, fill, strict: 'false' })).config.config.Labels).length;
    assert.ok((await labelsOf('true')) >= (await labelsOf('false')));
  });

  it('never has the outputs of the run in the image', async (test) => {
    const context = contextOf(test, `${sampleContainerfile}COPY . /all\n`);
    const given = { context, tar: join(context, 'x.tar'), 'oci-layout': join(context, 'layout') };
    await build(test, given);
    const second = await build(test, given);
    const files = second.tars.flatMap((tar) => listTar(tar));
    assert.ok(files.some((path) => path.includes('all')));
    assert.ok(!files.some((path) => /x\.tar|layout/.test(path)), files.join('\n'));
  });

  it('compresses as it is told', async (test) => {
    const types = async (compression: string) =>
      (await build(test, { compression })).manifest.layers.map(({ mediaType }) => mediaType);
    for (const type of await types('gzip')) assert.match(type, /\+gzip$/);
    for (const type of await types('none')) assert.match(type, /\.tar$/);
  });
});

describe('what a build may fetch', () => {
  it('is in the contexts that are named', async (test) => {
    const other = temporaryFolder(test, { extra: 'text' });
    const context = contextOf(test, `${sampleContainerfile}COPY --from=more extra /extra\n`);
    const { tars } = await build(test, { context, 'build-contexts': `more=${other}` });
    assert.ok(tars.flatMap((tar) => listTar(tar)).some((line) => line.includes('extra')));
    await assert.rejects(build(test, { context }), { name: 'BimaError' });
  });

  it('is at hosts of the own network only where they are named', async (test) => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end('text');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    test.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const context = contextOf(test, `${sampleContainerfile}ADD http://127.0.0.1:${port}/extra /extra\n`);
    await assert.rejects(build(test, { context }), { name: 'BimaError' });
    assert.equal(asked, 0);
    const { tars } = await build(test, { context, 'url-hosts': '127.0.0.1' });
    assert.ok(tars.flatMap((tar) => listTar(tar)).some((line) => line.includes('extra')));
  });
});

describe('an input beside from-layout', () => {
  it('names the platforms that must be there, and annotates the index', async (test) => {
    const example = join(import.meta.dirname, '../../examples/hello');
    const platforms = 'linux/amd64,linux/arm64';
    const both = await runInputs(test, { context: example, platforms, tags, provenance: 'true' });
    const given = { 'from-layout': both.layout ?? '', tags };
    const read = async (more: Given) => {
      const { outputs, lines } = await runWithLines(test, { ...given, ...more });
      const { 'bima.platforms': found } = JSON.parse(outputs.metadata ?? '') as Readonly<
        Record<string, unknown>
      >;
      return { outputs, lines, found };
    };
    const whole = await read({});
    assert.deepEqual(whole.found, ['linux/amd64', 'linux/arm64']);
    assert.equal(whole.outputs.digest, both.digest);
    await assert.rejects(read({ platforms: 'linux/riscv64' }), {
      name: 'BimaError',
      message: /linux\/riscv64/,
    });
    const parts = ['linux/amd64', 'linux/arm64'].map((platform) =>
      runInputs(test, { context: example, platforms: platform, tags }),
    );
    const layouts = (await Promise.all(parts)).map(({ layout = '' }) => layout);
    const annotated = await read({ 'from-layout': layouts.join('\n'), annotations: 'index:org.example.a=1' });
    const digest = annotated.outputs.digest?.replace(':', '/') ?? '';
    const index = JSON.parse(readFileSync(join(annotated.outputs.layout ?? '', 'blobs', digest), 'utf8')) as {
      annotations?: Given;
    };
    assert.equal(index.annotations?.['org.example.a'], '1');
  });

  it('says what is read', async (test) => {
    const first = await runInputs(test, { context: sampleContext(test), tags });
    const { lines } = await runWithLines(test, { 'from-layout': first.layout ?? '', tags });
    assert.ok(lines.some((line) => /^the layout with sha256:[0-9a-f]{64} is /.test(line)));
  });
});

describe('a build that is interrupted', () => {
  it('leaves no layout', async (test) => {
    const layout = join(temporaryFolder(test), 'layout');
    const given = { context: sampleContext(test), tags, 'oci-layout': layout };
    const signal = AbortSignal.abort(new Error('interrupted'));
    await assert.rejects(runWithLines(test, given, {}, 'push', { signal }), /interrupted/);
    assert.throws(() => readFileSync(join(layout, 'index.json')), { code: 'ENOENT' });
  });
});
