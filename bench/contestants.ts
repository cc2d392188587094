// What a user of each program would type to do the same: pack one folder of files as an image, and push it.
//
// - Everyone packs the same files, with the compression that is the program's own default.
// - bima in Go writes an archive for `docker load`; skopeo pushes it.
// - umoci makes an OCI layout, tar makes an archive of it, and skopeo pushes it. It gets its files by `umoci insert`.
// - buildah takes the same Containerfile. It keeps its storage for the second build, as on a developer's machine.
// - crane takes a tar that tar makes, and sets neither labels nor a platform: less work than the others do.
// - oras packs folders by itself; what comes out has no config, and no runtime boots it: less work, too.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from './measure.ts';
import type { NodeProgram, ProgramName, Programs } from './programs.ts';
import { ours } from './results.ts';
import { peerNames, sameNode } from './targets.ts';

/** Where one run happens. */
export interface Place {
  /** The files and their Containerfile. */
  readonly context: string;
  /** The paths in the context that are packed: one layer each where the program makes layers. */
  readonly sources: readonly string[];
  /** Empty when the run begins. */
  readonly work: string;
  /** What is kept between the first and the second build of one run. */
  readonly kept: string;
  /** `127.0.0.1:<port>`; empty where no registry is needed. */
  readonly registry: string;
  /** Of the image in the registry. */
  readonly tag: string;
}

export interface Contestant {
  readonly name: string;
  readonly needs: readonly ProgramName[];
  steps(place: Place): readonly Step[];
  /** What has to be there before it starts; not timed. */
  readonly prepare?: (place: Place) => void;
  /** What the run made, to tell its size. */
  readonly made?: (place: Place) => string;
  /** Measured until its first line rather than until its end. */
  readonly firstLine?: boolean;
}

const archive = (place: Place) => join(place.work, 'image.tar');
const reference = ({ registry, tag }: Place) => `${registry}/bench/kernel:${tag}`;

/** Who packs a folder into an archive. */
export function archivers(programs: Programs, bundle: string): readonly Contestant[] {
  return [
    ...ourOwn(programs, bundle, (place) => ['--tar', '-t', 'bench/kernel:1', '--dest', archive(place)], true),
    {
      name: peerNames.bima,
      needs: ['bima'],
      steps: bimaSteps,
      made: ({ work }) => join(work, 'kernel'),
    },
    {
      name: 'umoci, then tar',
      needs: ['umoci'],
      steps: (place) => [
        ...umociSteps(place),
        { command: ['tar', '-C', join(place.work, 'layout'), '-cf', archive(place), '.'] },
      ],
      made: archive,
    },
    {
      name: 'buildah',
      needs: ['buildah'],
      steps: (place) => [
        buildahBuild(place),
        buildah(place, 'push', '-q', 'localhost/kernel', `oci-archive:${archive(place)}`),
      ],
      made: archive,
    },
    {
      name: 'tar, then crane',
      needs: ['crane'],
      steps: (place) => [
        tarStep(place),
        {
          command: [
            ...(['crane', 'append', '--oci-empty-base'] as const),
            ...['-f', join(place.work, 'layer.tar'), '-t', 'bench/kernel:1', '-o', archive(place)],
          ],
        },
      ],
      made: archive,
    },
    {
      name: 'oras, then tar',
      needs: ['oras'],
      steps: (place) => [
        orasStep(place, '--oci-layout', `${join(place.work, 'layout')}:1`),
        { command: ['tar', '-C', join(place.work, 'layout'), '-cf', archive(place), '.'] },
      ],
      made: archive,
    },
  ];
}

/**
 * Who packs a folder and pushes it.
 * @param withCache true for this program with a folder that keeps its layers, as buildah has always
 */
export function pushers(programs: Programs, bundle: string, withCache = false): readonly Contestant[] {
  const cache = ({ kept }: Place) => (withCache ? ['--cache', join(kept, 'cache')] : []);
  const viaSkopeo = (place: Place, source: string): Step => ({
    command: ['skopeo', 'copy', '-q', '--dest-tls-verify=false', source, `docker://${reference(place)}`],
  });
  return [
    ...ourOwn(programs, bundle, (place) => ['--push', '-t', reference(place), ...cache(place)], false),
    {
      name: peerNames.bimaPush,
      needs: ['bima', 'skopeo'],
      steps: (place) => [
        ...bimaSteps(place),
        viaSkopeo(place, `docker-archive:${join(place.work, 'kernel')}`),
      ],
    },
    {
      name: 'umoci, then skopeo',
      needs: ['umoci', 'skopeo'],
      steps: (place) => [...umociSteps(place), viaSkopeo(place, `oci:${join(place.work, 'layout')}:1`)],
    },
    {
      name: 'buildah',
      needs: ['buildah'],
      steps: (place) => [
        buildahBuild(place),
        buildah(
          place,
          ...['push', '-q', '--tls-verify=false', 'localhost/kernel', `docker://${reference(place)}`],
        ),
      ],
    },
    {
      name: 'tar, then crane',
      needs: ['crane'],
      steps: (place) => [
        tarStep(place),
        {
          command: [
            ...(['crane', 'append', '--oci-empty-base'] as const),
            ...['-f', join(place.work, 'layer.tar'), '-t', reference(place)],
          ],
        },
      ],
    },
    {
      name: 'oras',
      needs: ['oras'],
      steps: (place) => [orasStep(place, '--plain-http', reference(place))],
    },
  ];
}

/**
 * Who makes a root file system of a folder. This program makes an image of it besides, not compressed: a tar and its
 * digests are more work than the others do.
 * @param size of the block image, in MB: mke2fs has to be told
 */
export function rootWriters(
  { nodes }: Programs,
  bundle: string,
  form: 'initrd' | 'block',
  size: number,
): readonly Contestant[] {
  const containerfile = ({ work }: Place) => join(work, 'Containerfile');
  const own = nodes.map((node): Contestant => ({
    name: nameOf(node),
    needs: [],
    prepare: (place) => {
      writeFileSync(
        containerfile(place),
        `FROM scratch\nCOPY --rootfs=${form} . /root\n${rootLabels(form)}\n`,
      );
    },
    steps: (place) => [
      {
        command: [
          ...([node.path, bundle, 'build', '-q', '--no-strict', '--compression', 'none'] as const),
          ...['--platform', 'linux/amd64', '-f', containerfile(place)],
          ...['--tar', '-t', 'bench/root:1', '--dest', archive(place), place.context],
        ],
      },
    ],
    made: archive,
  }));
  const file = ({ work }: Place) => join(work, 'root');
  const cpio: Contestant = {
    name: 'bsdcpio',
    needs: ['bsdcpio'],
    steps: (place) => [
      shell('cd "$0" && find . | bsdcpio -o --quiet --format newc > "$1"', [place.context, file(place)]),
    ],
    made: file,
  };
  const ext2: Contestant = {
    name: 'mke2fs -d',
    needs: ['mke2fs'],
    steps: (place) => [
      {
        command: [
          ...(['mke2fs', '-q', '-t', 'ext2', '-b', '4096', '-N', '20000'] as const),
          ...['-d', place.context, file(place), `${size}M`],
        ],
      },
    ],
    made: file,
  };
  return [...own, form === 'initrd' ? cpio : ext2];
}

function rootLabels(form: 'initrd' | 'block'): string {
  const labels = {
    binary: '/kernel',
    hypervisor: 'qemu',
    unikernelType: 'linux',
    [form]: '/root',
    blkMntPoint: '/',
  };
  return Object.entries(labels)
    .map(([name, value]) => `LABEL com.urunc.unikernel.${name}=${value}`)
    .join('\n');
}

/** What no packer can do without: reading, compressing and hashing. */
export function limits(kind: 'binary' | 'files'): readonly Contestant[] {
  if (kind === 'files') {
    return [
      {
        name: peerNames.tar,
        needs: ['pigz'],
        steps: ({ context, sources, work }) => [
          shell('out=$0; dir=$1; shift; tar -C "$dir" -cf - "$@" | pigz > "$out"', [
            ...[join(work, 'layer.tar.gz'), context],
            ...sources,
          ]),
        ],
        made: ({ work }) => join(work, 'layer.tar.gz'),
      },
    ];
  }
  return [
    {
      name: peerNames.limit,
      needs: ['pigz'],
      steps: ({ context, sources: [first = ''] }) => [
        shell('pigz -1 -p2 -c "$0" | sha256sum', [join(context, first)]),
      ],
    },
    {
      name: 'limit: libdeflate -1, then sha256sum',
      needs: ['libdeflate-gzip'],
      steps: ({ context, sources: [first = ''] }) => [
        shell('libdeflate-gzip -1 -c "$0" | sha256sum', [join(context, first)]),
      ],
    },
    {
      name: 'limit: igzip -1 -T 2, then sha256sum',
      needs: ['igzip'],
      steps: ({ context, sources: [first = ''] }) => [
        shell('igzip -1 -T 2 -c "$0" | sha256sum', [join(context, first)]),
      ],
    },
  ];
}

/** What a push can't do without. */
export function requestLimits({ nodes }: Programs): readonly Contestant[] {
  const script =
    "const http = require('http'); const ask = (path, then) => " +
    "http.get('http://' + process.argv[1] + path, (answer) => answer.resume().on('end', then)); " +
    "ask('/v2/', () => ask('/v2/bench/kernel/manifests/1', () => undefined));";
  return nodes.map((node): Contestant => ({
    name: sameNode(peerNames.requests, nameOf(node)),
    needs: [],
    steps: ({ registry }) => [{ command: [node.path, '-e', script, registry] }],
  }));
}

function ourOwn(
  { nodes }: Programs,
  bundle: string,
  output: (place: Place) => readonly string[],
  isFile: boolean,
): readonly Contestant[] {
  return nodes.map((node): Contestant => ({
    name: nameOf(node),
    needs: [],
    steps: (place) => [{ command: [node.path, bundle, 'build', '-q', ...output(place), place.context] }],
    ...(isFile ? { made: archive } : {}),
  }));
}

export function nameOf({ version }: NodeProgram): string {
  return `${ours} ${version.split('.')[0] ?? ''}`;
}

function bimaSteps({ context, work }: Place): readonly Step[] {
  const file = join(context, 'Containerfile');
  return [{ command: ['bima', 'build', '--tar', '-t', 'bench/kernel', '-f', file, context], cwd: work }];
}

function umociSteps({ context, sources, work }: Place): readonly Step[] {
  const layout = join(work, 'layout');
  const image = `${layout}:1`;
  return [
    { command: ['umoci', 'init', '--layout', layout] },
    { command: ['umoci', 'new', '--image', image] },
    ...sources.map((source): Step => ({
      command: ['umoci', 'insert', '--image', image, join(context, source), `/${source}`],
    })),
    {
      command: ['umoci', 'config', '--image', image, '--config.label', 'com.urunc.unikernel.binary=/kernel'],
    },
  ];
}

function buildah({ kept }: Place, ...args: readonly string[]): Step {
  return {
    command: ['buildah', '--root', join(kept, 'storage'), '--runroot', join(kept, 'run'), ...args],
  };
}

function buildahBuild(place: Place): Step {
  const file = join(place.context, 'Containerfile');
  return buildah(place, 'bud', '-q', '--layers', '-t', 'localhost/kernel', '-f', file, place.context);
}

function tarStep({ context, sources, work }: Place): Step {
  return { command: ['tar', '-C', context, '-cf', join(work, 'layer.tar'), ...sources] };
}

/** oras packs folders, and passes files on as they are: a folder it shall be. */
function orasStep({ context, work }: Place, ...to: readonly string[]): Step {
  return {
    command: ['oras', 'push', '--no-tty', '--disable-path-validation', ...to, `${context}/`],
    cwd: work,
  };
}

function shell(script: string, args: readonly string[]): Step {
  return { command: ['sh', '-c', script, ...args] };
}
