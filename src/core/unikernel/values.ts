// What urunc v0.8 requires of each label's value by itself.

import { quote } from '../text.ts';
import { uruncKeys } from './urunc-annotations.ts';
import type { UruncName } from './urunc-annotations.ts';
import type { Finding } from './labels.ts';
import { hypervisors, unikernelTypes } from './monitors.ts';
import { checkLabelPath } from './label-paths.ts';
import { isBase64 } from './urunc-json.ts';

/** urunc's own limit for one value, and containerd's for the key and the value of a label together. */
const maxLength = 4096;

/** Labels whose length urunc checks itself. */
const limited: ReadonlySet<UruncName | undefined> = new Set<UruncName>([
  'binary',
  'initrd',
  'block',
  'blkMntPoint',
  'version',
  'unikernelVersion',
  'RPCAddress',
]);

/** @param name the short name of the key, when urunc knows it */
export function checkLength(key: string, value: string, name: UruncName | undefined): Finding[] {
  const length = Buffer.byteLength(value);
  if (length > maxLength && limited.has(name)) {
    return [
      {
        message: `expected at most ${maxLength} bytes in "${key}", got ${length}`,
        hint: 'Shorten the value: urunc v0.8 refuses longer ones.',
      },
    ];
  }
  const total = length + Buffer.byteLength(key);
  if (total <= maxLength) return [];
  return [
    {
      message: `expected at most ${maxLength} bytes in the name and the value of ${quote(key)}, got ${total}`,
      hint: 'Shorten the value: containerd drops longer labels, so that urunc finds it only in /urunc.json.',
    },
  ];
}

/** An empty value means to urunc that the label is not there, so nothing is wrong with one. */
export function checkValue(name: UruncName, value: string): Finding[] {
  if (value === '') return [];
  const key = uruncKeys[name];
  switch (name) {
    case 'binary':
      return [...checkLabelPath(key, value, false), ...checkAbsolute(key, value)];
    case 'initrd':
    case 'block':
      return checkLabelPath(key, value, false);
    case 'blkMntPoint':
      return checkLabelPath(key, value, true);
    case 'mountRootfs':
      return checkBoolean(key, value);
    case 'solo5NetDev':
    case 'solo5BlkDev':
      return checkDeviceName(key, value);
    // How these fit together is looked at in checks.ts; the rest is free text.
    case 'unikernelType':
    case 'hypervisor':
    case 'vAccel':
    case 'RPCAddress':
    case 'cmdline':
    case 'version':
    case 'unikernelVersion':
    case 'useDMBlock':
      return [];
  }
}

/** An unclean path gets advice of its own, with the slash in it. */
function checkAbsolute(key: string, value: string): Finding[] {
  if (value.startsWith('/') || checkLabelPath(key, value, false).length > 0) return [];
  return [
    {
      message: `expected a path that begins with "/" in "${key}", got ${quote(value)}`,
      hint: `Write ${quote(`/${value}`)}: urunc v0.5 finds no other one.`,
    },
  ];
}

/** The words of Go's strconv.ParseBool. */
const [trueWords, falseWords] = [
  ['1', 't', 'T', 'TRUE', 'true', 'True'],
  ['0', 'f', 'F', 'FALSE', 'false', 'False'],
];

export function isTrue(value: string): boolean {
  return trueWords.includes(value);
}

function checkBoolean(key: string, value: string): Finding[] {
  if (isTrue(value) || falseWords.includes(value)) return [];
  return [
    {
      message: `expected "true" or "false" in "${key}", got ${quote(value)}`,
      hint: 'Correct the value: urunc v0.8 refuses it, and earlier ones take it for false.',
    },
  ];
}

function checkDeviceName(key: string, value: string): Finding[] {
  if (/^[A-Za-z0-9]{1,67}$/.test(value)) return [];
  return [
    {
      message: `expected 1 to 67 letters and digits in "${key}", got ${quote(value)}`,
      hint: "Write the device's name as the Solo5 manifest of the unikernel has it.",
    },
  ];
}

/**
 * What the value says when it is taken for base64, or undefined when that is unlikely:
 * a plain word can be valid base64 too, but it then decodes to bytes that nobody would have written.
 */
export function decodeMistaken(name: UruncName, value: string): string | undefined {
  if (value === '' || !isBase64(value)) return undefined;
  const decoded = Buffer.from(value, 'base64').toString().trimEnd();
  if (name === 'hypervisor') return hypervisors.includes(decoded) ? decoded : undefined;
  if (name === 'unikernelType') return unikernelTypes.includes(decoded) ? decoded : undefined;
  const isLikely = value.endsWith('=') || value.length >= 12;
  return isLikely && /^[\x20-\x7e]+$/.test(decoded) ? decoded : undefined;
}
