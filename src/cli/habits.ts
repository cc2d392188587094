// Spellings that people bring from the action, docker, podman and skopeo, and what they mean here. For options that the
// table of commands doesn't have, or not with such a value.

import { parseFields, parseLines } from '../core/csv.ts';

/** Options of this command line with a value each; one without a name is an argument. */
export type Meaning = readonly (readonly [option: string, value: string | boolean])[];

export interface Habit {
  readonly names: readonly string[];
  /** `none` for a flag, which may still have a value behind `=`. */
  readonly value: 'none' | 'required';
  /** A sentence for whom the spelling gets an error, and for the documentation. */
  readonly note: string;
  /** Undefined when the option means nothing here with this value: then the table of commands decides, or the note is said. */
  readonly read?: (value: string | undefined) => Meaning | undefined;
}

/** Has no effect, and needs none. */
const nothing: Meaning = [];

const isFalse = (value: string | undefined) => value !== undefined && /^(?:false|f|0)$/i.test(value);
const isTrue = (value: string | undefined) => value === undefined || /^(?:true|t|1)$/i.test(value);

/** The option of the same meaning that takes one value at a time. */
function each(option: string, split: (text: string, place: string) => string[]): NonNullable<Habit['read']> {
  return (value = '') => split(value, `--${option}`).map((item) => [option, item]);
}

const words = (text: string, place: string) =>
  parseFields(text, place)
    .flatMap((field) => field.split(/\s+/))
    .filter((word) => word !== '');

const same =
  (option: string): NonNullable<Habit['read']> =>
  (value = '') => [[option, value]];

const actionInputs: readonly Habit[] = [
  { names: ['context'], value: 'required', note: 'The context is the argument CONTEXT.', read: same('') },
  {
    names: ['platforms'],
    value: 'required',
    note: 'Several --platform, with spaces, commas or lines between them.',
    read: each('platform', words),
  },
  {
    names: ['build-args'],
    value: 'required',
    note: 'A --build-arg for each line.',
    read: each('build-arg', parseLines),
  },
  {
    names: ['build-contexts'],
    value: 'required',
    note: 'A --build-context for each line.',
    read: each('build-context', parseLines),
  },
  {
    names: ['url-hosts'],
    value: 'required',
    note: 'Several --url-host, with spaces, commas or lines between them.',
    read: each('url-host', words),
  },
  { names: ['labels'], value: 'required', note: 'A --label for each line.', read: each('label', parseLines) },
  {
    names: ['annotations'],
    value: 'required',
    note: 'An --annotation for each line.',
    read: each('annotation', parseLines),
  },
  {
    names: ['tags'],
    value: 'required',
    note: 'Several --tag, with spaces, commas or lines between them.',
    read: each('tag', words),
  },
  {
    names: ['oci-layout'],
    value: 'required',
    note: 'The same as --output oci --dest DIR.',
    read: (value = '') => [
      ['output', 'oci'],
      ['dest', value],
    ],
  },
  {
    names: ['tar'],
    value: 'none',
    note: 'With a file behind "=", as in --tar=image.tar, the same as --tar --dest image.tar.',
    read: (value) =>
      value === undefined || value === '' || /^(?:t|f|true|false|yes|no|on|off|[01])$/i.test(value)
        ? undefined
        : [
            ['tar', true],
            ['dest', value],
          ],
  },
  {
    names: ['containerd-namespace'],
    value: 'required',
    note: 'The same as --namespace.',
    read: same('namespace'),
  },
  { names: ['containerd-address'], value: 'required', note: 'The same as --address.', read: same('address') },
  {
    names: ['containerd-snapshotter'],
    value: 'required',
    note: 'The same as --snapshotter.',
    read: same('snapshotter'),
  },
  {
    names: ['from-layout'],
    value: 'required',
    note: '"bima merge LAYOUT..." makes one image of several, "bima push LAYOUT REFERENCE" pushes one, and "bima load LAYOUT" imports it.',
  },
  {
    names: ['from-image'],
    value: 'required',
    note: 'Write "bima convert IMAGE", with --monitor, --rootfs, --kernel and --init.',
  },
  {
    names: ['upload-artifact', 'release-asset', 'pr-comment', 'summary', 'artifact-overwrite'],
    value: 'none',
    note: 'Only the action does that, as a part of a workflow.',
    read: (value) => (isFalse(value) ? nothing : undefined),
  },
  {
    names: ['artifact-name', 'artifact-retention-days', 'release-tag', 'matrix'],
    value: 'required',
    note: 'Only the action has artifacts, releases and a matrix.',
  },
  {
    names: ['boot-test', 'boot-args', 'boot-env', 'boot-timeout', 'boot-port', 'boot-path'],
    value: 'required',
    note: 'Only the action boots what it builds: "bima run" boots an image or a context, with --expect for a text.',
  },
  {
    names: ['attest-trust-config'],
    value: 'required',
    note: 'The same as --trust-config.',
    read: same('trust-config'),
  },
  {
    names: ['attest-key', 'attest-key-password'],
    value: 'required',
    note: 'A secret among the arguments can be read by every user of the machine: write --key FILE or --key env://NAME, with the password in COSIGN_PASSWORD.',
  },
  {
    names: ['github-token', 'password', 'creds'],
    value: 'required',
    note: 'A secret among the arguments can be read by every user of the machine: write --username NAME --password-stdin, or log in with "docker login" or "podman login" before.',
  },
];

const otherPrograms: readonly Habit[] = [
  {
    names: ['attest'],
    value: 'required',
    note: 'Write --sbom FILE and --provenance FILE; what is signed by --attest has a provenance anyway.',
    read: (value) =>
      isFalse(value) || /(?:^|,)disabled=true(?:,|$)/.test(value ?? '') ? nothing : undefined,
  },
  {
    names: ['pull'],
    value: 'none',
    note: 'A tag of a base image is looked up in its registry on each build, as --pull asks for; nothing older is taken.',
    read: (value) =>
      isTrue(value) || /^(?:always|newer|ifnewer|missing|ifmissing)$/.test(value ?? '') || isFalse(value)
        ? nothing
        : undefined,
  },
  {
    names: ['pull-always'],
    value: 'none',
    note: 'A tag of a base image is looked up in its registry on each build anyway.',
    read: (value) => (isTrue(value) ? nothing : undefined),
  },
  {
    names: ['rm', 'force-rm'],
    value: 'none',
    note: 'No container is started, so none is left behind.',
    read: () => nothing,
  },
  {
    names: ['layers'],
    value: 'none',
    note: 'Layers that did not change are taken over from the image that is there; --no-reuse makes them anew.',
    read: (value) => [['no-reuse', isFalse(value)]],
  },
  {
    names: ['arch'],
    value: 'required',
    note: 'The same as --platform linux/ARCH.',
    read: (value = '') => [['platform', `linux/${value}`]],
  },
  {
    names: ['os'],
    value: 'required',
    note: 'The operating system is always linux: the monitor of a unikernel runs there.',
    read: (value) => (value === 'linux' ? nothing : undefined),
  },
  {
    names: ['format'],
    value: 'required',
    note: 'Images are those of the OCI, which docker, podman and containerd all take.',
    read: (value) => (value === 'oci' ? nothing : undefined),
  },
  {
    names: ['cache-from', 'cache-to'],
    value: 'required',
    note: 'Layers are taken over from the image that is at the tag; --cache DIR keeps more for later builds.',
  },
  {
    names: ['authfile', 'config'],
    value: 'required',
    note: 'Set the variable REGISTRY_AUTH_FILE to the file, or DOCKER_CONFIG to its folder.',
  },
  {
    names: ['cert-dir'],
    value: 'required',
    note: 'Name the certificate of the authority with --ca-file FILE.',
  },
  {
    names: ['timestamp', 'source-date-epoch'],
    value: 'required',
    note: 'The date of the image is the variable SOURCE_DATE_EPOCH, or 1970.',
  },
  {
    names: ['squash', 'squash-all'],
    value: 'none',
    note: 'Each COPY is one layer: copy all files with one COPY to have one.',
  },
  {
    names: ['secret', 'ssh', 'network', 'add-host', 'shm-size', 'ulimit', 'memory', 'cgroup-parent', 'allow'],
    value: 'required',
    note: 'No program runs during a build, so there is nothing that could use it.',
  },
  {
    names: ['builder', 'isolation', 'runtime', 'jobs'],
    value: 'required',
    note: 'There is no daemon and no builder to choose: the image is made by this process.',
  },
  {
    names: ['no-cache-filter'],
    value: 'required',
    note: 'Use --no-cache: no stage runs programs, so that all of them together are fast.',
  },
];

export const habits: readonly Habit[] = [...actionInputs, ...otherPrograms];

/** By name. */
export const habitOf: ReadonlyMap<string, Habit> = new Map(
  habits.flatMap((habit) => habit.names.map((name) => [name, habit] as const)),
);

const logIn =
  'bima takes the credentials that "docker login", "podman login" or a credential helper left; without either, write --username NAME --password-stdin.';
const containerdHas = 'Images in containerd are its own: see "ctr images --help" or "nerdctl images".';

/** What to do in place of commands that people try, for those that the table of commands doesn't have. */
export const foreignCommands: Readonly<Record<string, string>> = {
  login: logIn,
  logout: logIn,
  buildx: 'Leave "buildx" out: bima build -t NAME .',
  bake: 'There are no bake files: call "bima build" for each target, with --target.',
  image: 'Leave "image" out: bima build, bima push, bima inspect.',
  images: containerdHas,
  ls: containerdHas,
  rmi: containerdHas,
  rm: containerdHas,
  prune: 'The folder of --cache is kept small by itself, and can be removed as a whole.',
  pull: 'containerd pulls the image when it is run. A copy of it: skopeo copy docker://NAME oci:layout.',
  tag: 'Name the image with --tag when it is built, or with "bima push ARCHIVE NAME..." and "bima load --tag NAME ARCHIVE".',
  save: 'An archive is made at once: bima build --tar --dest image.tar .',
  export: 'An archive is made at once: bima build --tar --dest image.tar .',
  import: 'Write "bima load ARCHIVE": it imports into containerd.',
  copy: 'Write "bima push LAYOUT|ARCHIVE REFERENCE".',
  cp: 'Write "bima push LAYOUT|ARCHIVE REFERENCE".',
  check: 'Write "bima lint ." or "bima build --check .".',
  validate: 'Write "bima lint ." or "bima build --check .".',
  history: 'Write "bima inspect NAME": it lists the layers and their files.',
  manifest: 'Write "bima merge -t NAME ARCHIVE..." to make an index, and "bima inspect NAME" to look at one.',
  imagetools:
    'Write "bima merge -t NAME ARCHIVE..." to make an index, and "bima inspect NAME" to look at one.',
  index: 'Write "bima merge -t NAME ARCHIVE..." to make an index, and "bima inspect NAME" to look at one.',
  sign: 'Sign when it is built or pushed: bima build --push --attest.',
  attest: 'Sign when it is built or pushed: bima build --push --attest.',
  init: 'Write a Containerfile with FROM scratch, COPY and LABEL: examples/hello has a small one.',
  man: 'The manual page is docs/bima.1; "bima COMMAND --help" says the same.',
};
