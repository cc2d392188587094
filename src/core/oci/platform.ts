// Platforms as the image index names them (OCI image-spec, image-index.md, "platform"; values are Go's GOOS and GOARCH).

import { parseFields } from '../csv.ts';
import { BimaError } from '../errors.ts';
import { isObject } from './json.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const part = /^[a-z0-9_.-]+$/;

/**
 * Reads `os/architecture[/variant]`, such as `linux/arm64/v8`.
 * The usual other names of an architecture are taken too (`x86_64`, `aarch64`), as containerd does.
 * @throws BimaError INPUT_INVALID
 */
export function parsePlatform(text: string): Platform {
  const parts = text.trim().toLowerCase().split('/');
  const [os, architecture, variant] = parts;
  if (
    os === undefined ||
    architecture === undefined ||
    parts.length > 3 ||
    !parts.every((item) => part.test(item))
  ) {
    throw new BimaError(
      'INPUT_INVALID',
      `expected a platform of the form os/architecture[/variant], got "${text}"`,
      {
        hint: 'Write for example linux/amd64 or linux/arm64.',
      },
    );
  }
  return normalPlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** The platform in the form that containerd gives it, so that two of them can be compared. */
export function normalPlatform({ os, architecture, variant }: Platform): Platform {
  const base = { os, architecture: aliases.get(architecture) ?? architecture };
  // Every arm64 is v8, so the variant adds nothing.
  if (variant === undefined || (base.architecture === 'arm64' && variant === 'v8')) return base;
  return { ...base, variant };
}

/**
 * Reads platforms, several of them in one text with commas in between, and keeps their order.
 * @throws BimaError INPUT_INVALID for one that is none, and for one that is there twice
 */
export function parsePlatforms(texts: readonly string[]): Platform[] {
  const platforms = new Map<string, Platform>();
  for (const text of texts.flatMap(splitList)) {
    const platform = parsePlatform(text);
    const name = formatPlatform(platform);
    if (platforms.has(name)) {
      throw new BimaError('INPUT_INVALID', `expected each platform once, got "${name}" twice`, {
        hint: 'Remove one of the two; linux/arm64 and linux/arm64/v8 are the same.',
      });
    }
    platforms.set(name, platform);
  }
  return [...platforms.values()];
}

/** Splits at commas and strips quotes; `parsePlatform` refuses empty items. */
function splitList(list: string): string[] {
  return list.includes('"') ? parseFields(list, 'the list of platforms') : list.split(',');
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The platform of a descriptor or a config, or undefined when the value isn't one. */
export function readPlatform(value: unknown): Platform | undefined {
  if (!isObject(value) || typeof value.os !== 'string' || typeof value.architecture !== 'string')
    return undefined;
  const { os, architecture, variant } = value;
  return typeof variant === 'string' && variant !== '' ? { os, architecture, variant } : { os, architecture };
}

const aliases = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['aarch64', 'arm64'],
  ['i386', '386'],
  ['armhf', 'arm'],
]);
