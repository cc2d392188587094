// How long each bundle takes from its start to its first line, beside an empty script.

import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { nameOf } from './contestants.ts';
import type { Contestant, Place } from './contestants.ts';
import type { Programs } from './programs.ts';
import { peerNames, sameNode } from './targets.ts';

const root = resolve(import.meta.dirname, '..');

export function starters({ nodes }: Programs, bundle: string): readonly Contestant[] {
  const example = join(root, 'examples/hello');
  const action = join(dirname(bundle), 'action.cjs');
  return nodes.flatMap((node): Contestant[] => {
    const start = (name: string, args: (place: Place) => readonly string[]): Contestant => ({
      name,
      needs: [],
      firstLine: true,
      prepare: ({ work }) => {
        writeFileSync(join(work, 'empty.cjs'), "console.log('');\n");
      },
      steps: (place) => [
        {
          command: [node.path, ...args(place)],
          env: { RUNNER_TEMP: place.work, GITHUB_WORKSPACE: root, INPUT_CONTEXT: 'examples/hello' },
        },
      ],
    });
    const own = nameOf(node);
    return [
      start(sameNode(peerNames.empty, own), ({ work }) => [join(work, 'empty.cjs')]),
      start(`${own}: bima --help`, () => [bundle, '--help']),
      start(`${own}: bima lint`, () => [bundle, 'lint', example]),
      start(`${own}: the action`, () => [action]),
    ];
  });
}
