// The variables of a Containerfile: build arguments by scope, the platform's own, and the environment of base images.

import type { Position } from '../errors.ts';
import { nearest } from '../suggest.ts';
import { ScopedMap } from './scoped-map.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { Platform } from '../oci/platform.ts';

/** What the parser can't know from the file. */
export interface VariableSources {
  /** What is built: without it TARGETOS, TARGETARCH, TARGETVARIANT and TARGETPLATFORM are not set. */
  readonly platform?: Platform;
  /** The values of `--build-arg`, by name. They win over the defaults of ARG. */
  readonly buildArguments?: ReadonlyMap<string, string>;
  /** The environment of each stage's base image, by the stage's number. */
  readonly environments?: ReadonlyMap<number, Readonly<Record<string, string>>>;
  /** The name or the number of the stage that is the image; the last one by default. */
  readonly target?: string;
}

/** The variables at one place of the file; ARG and FROM change them. */
export interface Variables {
  /** Undefined for one that is not set. */
  value(name: string): string | undefined;
  /** True for an argument of the build: one that an ARG names here, or one of the platform. */
  isArgument(name: string): boolean;
  /** The place of the ARG before the first FROM that names it. */
  globalPosition(name: string): Position | undefined;
  /** The name that has a meaning here and that a mistyped one was meant to be. */
  nearest(name: string): string | undefined;
  /** ARG. `readDefault` is called only if its value is used; without it, that before the first FROM is. */
  declare(name: string, position: Position, readDefault?: () => string): void;
  /** ENV: from here on, and in stages that go on from this one, these win over arguments of their names. */
  set(values: ReadonlyMap<string, string>): void;
  /** From here on only global arguments have a value, as in FROM itself. */
  leaveStage(): void;
  /** Begins the next stage, which takes over what the stage `parent` knows at its end. */
  enterStage(parent?: number): void;
  /** Every name in an ARG of the file so far. */
  declaredNames(): readonly string[];
  /** The names of `--build-arg` that no ARG took. */
  unused(): readonly string[];
  /** Whether the file has by now asked for more characters than any file should, and if this was what went beyond. */
  spend(characters: number): 'within' | 'beyond' | 'first beyond';
}

/** Variables that the target platform sets, with or without ARG. */
export const platformNames = ['TARGETOS', 'TARGETARCH', 'TARGETVARIANT', 'TARGETPLATFORM'];

/**
 * Limit on the characters that all references of a file expand to: a few lines could ask for more than any memory
 * holds.
 */
const maxExpanded = 4 * 1024 * 1024;

/** Build arguments for BuildKit or for RUN, which pipelines pass to every build. */
const ignored = /^(?:BUILDKIT_.*|SOURCE_DATE_EPOCH|(?:https?|ftp|no|all)_proxy)$/i;

/** Mistyped names that get a hint: each is compared with every name. */
const maxSearches = 20;

interface Declared {
  readonly position: Position;
  /** Undefined for an ARG without a value. */
  readonly value: string | undefined;
}

/** The variables of a stage. */
interface Scopes {
  readonly declared: ScopedMap<Declared>;
  /** Environment of its base image. */
  readonly environment: ScopedMap<string>;
  /** Variables that ENV sets. */
  readonly own: ScopedMap<string>;
}

/** The PATH of a program where neither the image nor the base sets it. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Those of a place before the first instruction. */
export function createVariables(sources: VariableSources): Variables {
  const { platform, buildArguments = new Map<string, string>(), environments } = sources;
  const builtIn = [...platformValues(platform), ['TARGETSTAGE', sources.target ?? 'default'] as const];
  const predefined = new Map([...builtIn, ...buildArguments].filter(isPredefined));
  const globals = new ScopedMap<Declared>();
  const stages: Scopes[] = [];
  let declared = globals;
  let environment = new ScopedMap<string>();
  let own = new ScopedMap<string>();
  const used = new Set<string>();
  let spent = 0;
  let searches = 0;

  return {
    value: (name) => {
      const value =
        own.get(name) ?? predefined.get(name) ?? environment.get(name) ?? declared.get(name)?.value;
      return value ?? (name === 'PATH' && declared !== globals ? defaultPath : undefined);
    },
    isArgument: (name) => declared.has(name) || platformNames.includes(name),
    globalPosition: (name) => globals.get(name)?.position,
    nearest: (name) => {
      if (++searches > maxSearches) return undefined;
      return nearest(name, [...declared.keys(), ...platformNames, ...environment.keys(), ...own.keys()]);
    },
    declare: (name, position, readDefault) => {
      const inherited = readDefault === undefined ? globals.get(name)?.value : undefined;
      const value = predefined.get(name) ?? buildArguments.get(name) ?? readDefault?.() ?? inherited;
      declared.set(name, { position, value });
      used.add(name);
      // A later ARG wins over the environment of the base, as in BuildKit.
      if (value !== undefined) for (const map of [environment, own]) map.delete(name);
    },
    set: (values) => {
      for (const [name, value] of values) own.set(name, value);
    },
    leaveStage: () => {
      declared = globals;
      environment = new ScopedMap();
      own = new ScopedMap();
    },
    enterStage: (parent) => {
      const base = parent === undefined ? undefined : stages[parent];
      declared = new ScopedMap(base?.declared);
      const ofBase = environments?.get(stages.length) ?? {};
      environment = new ScopedMap(base?.environment);
      // No path or label can hold a NUL, and no environment should.
      for (const [name, value] of Object.entries(ofBase))
        if (!value.includes('\0')) environment.set(name, value);
      own = new ScopedMap(base?.own);
      stages.push({ declared, environment, own });
    },
    declaredNames: () => [...used],
    unused: () => {
      const isKnown = (name: string) => used.has(name) || isPredefined([name, '']) || ignored.test(name);
      return [...buildArguments.keys()].filter((name) => !isKnown(name));
    },
    spend: (characters) => {
      const wasWithin = spent <= maxExpanded;
      spent += characters;
      if (spent <= maxExpanded) return 'within';
      return wasWithin ? 'first beyond' : 'beyond';
    },
  };
}

function platformValues(platform: Platform | undefined): [string, string][] {
  if (platform === undefined) return [];
  return [
    ['TARGETOS', platform.os],
    ['TARGETARCH', platform.architecture],
    ['TARGETVARIANT', platform.variant ?? ''],
    ['TARGETPLATFORM', formatPlatform(platform)],
  ];
}

function isPredefined([name]: readonly [string, string]): boolean {
  return platformNames.includes(name) || name === 'TARGETSTAGE';
}
