// The order of options in help, manual page and documentation: by what they are about.

import type { CommandSpec, OptionSpec } from './commands.ts';

/** An option that stands in none is in the group before the last one. */
const groups: readonly (readonly [title: string, names: readonly string[]])[] = [
  [
    'What is built',
    [
      'file',
      'target',
      'container',
      'platform',
      'build-arg',
      'build-context',
      'url-host',
      'label',
      'annotation',
      'annotation-encoding',
      'compression',
    ],
  ],
  [
    'Where it goes',
    [
      'tag',
      'image',
      'registry',
      'output',
      'tar',
      'push',
      'load',
      'dest',
      'iidfile',
      'digestfile',
      'metadata-file',
    ],
  ],
  ['Statements and signatures', ['sbom', 'provenance', 'attest', 'key', 'trust-config']],
  ['Checks', ['check', 'no-strict', 'no-fill', 'fail-on']],
  ['Who signed', ['repo', 'workflow', 'ref', 'signer-workflow', 'issuer', 'trusted-root']],
  ['What is reused', ['no-reuse', 'cache']],
  [
    'Registries',
    [
      'username',
      'password-stdin',
      'ca-file',
      'insecure',
      'plain-http',
      'token-host',
      'concurrency',
      'chunk-size',
    ],
  ],
  ['containerd', ['namespace', 'address', 'snapshotter', 'ctr']],
  ['Others', []],
  ['Messages', ['quiet', 'progress', 'debug', 'json', 'help']],
];

export interface OptionGroup {
  readonly title: string;
  readonly options: readonly (readonly [name: string, spec: OptionSpec])[];
}

/** Every option of the command once; groups that have none are left out. */
export function groupOptions({ options }: CommandSpec): readonly OptionGroup[] {
  const placed = new Set(groups.flatMap(([, names]) => names));
  const others = Object.keys(options).filter((name) => !placed.has(name));
  return groups
    .map(([title, names]) => ({
      title,
      options: (title === 'Others' ? others : names).flatMap((name) => {
        const spec = Object.hasOwn(options, name) ? options[name] : undefined;
        return spec === undefined ? [] : [[name, spec] as const];
      }),
    }))
    .filter((group) => group.options.length > 0);
}
