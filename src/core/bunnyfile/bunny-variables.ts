// Variables in a bunnyfile: build arguments and the platform's own. Everything else is the guest's.

import { expandReference } from '../containerfile/expansion.ts';
import type { VariableScope } from '../containerfile/expansion.ts';
import type { Findings } from '../containerfile/findings.ts';
import { createVariables, platformNames } from '../containerfile/variables.ts';
import type { VariableSources } from '../containerfile/variables.ts';
import type { ErrorCode, Position, Problem } from '../errors.ts';
import { nearest } from '../suggest.ts';
import { quote } from '../text.ts';

export interface BunnyVariables {
  /**
   * A text with `$NAME`, `${NAME}` and `${NAME:-default}` replaced, and `\$` for a dollar sign; undefined, with an error
   * at the place of the text, when a variable has no value.
   */
  expand(text: string, position: Position): string | undefined;
  /** A warning for each build argument that nothing took. */
  unused(): readonly Problem[];
}

export function createBunnyVariables(sources: VariableSources, { errors }: Findings): BunnyVariables {
  const { buildArguments = new Map<string, string>() } = sources;
  const variables = createVariables(sources);
  const used = new Set<string>();
  const valueOf = (name: string): string | undefined => {
    used.add(name);
    return (platformNames.includes(name) ? variables.value(name) : undefined) ?? buildArguments.get(name);
  };

  function expand(text: string, position: Position): string | undefined {
    const failures: Problem[] = [];
    const fail = (code: ErrorCode, message: string, hint?: string) => {
      failures.push({ code, message, ...(hint === undefined ? {} : { hint }), position });
    };
    const scope: VariableScope = {
      value: (name) => {
        const value = valueOf(name);
        if (value === undefined || variables.spend(value.length) === 'within') return value;
        fail('BUNNYFILE_INVALID', 'the variables of the file come to more text than can be meant');
        return '';
      },
      unset: (name) => {
        if (platformNames.includes(name)) {
          const message = `expected a platform for the variable ${quote(name)}, got none`;
          const hint = `Name the platforms, with --platform or the input "platforms", or write a default such as \${${name}:-amd64}.`;
          fail('ARCHITECTURE_UNKNOWN', message, hint);
        } else {
          fail('BUNNYFILE_INVALID', `the variable ${quote(name)} is not set`, adviseOn(name, buildArguments));
        }
      },
      fail: (_offset, message, hint) => {
        fail('BUNNYFILE_INVALID', message, hint);
      },
    };
    let expanded = '';
    for (let next = 0; next < text.length;) {
      if (text[next] === '$') {
        const expansion = expandReference(text, next, '\\', scope);
        expanded += expansion.value;
        next = expansion.end;
      } else {
        if (text[next] === '\\' && text[next + 1] === '$') next += 1;
        expanded += text[next] ?? '';
        next += 1;
      }
    }
    // All have the same place: one error is enough.
    errors.push(...failures.slice(0, 1));
    return failures.length > 0 ? undefined : expanded;
  }

  return {
    expand,
    unused: () =>
      variables.unused().flatMap((name): Problem[] => {
        if (used.has(name)) return [];
        const meant = nearest(name, [...used]);
        const hint =
          meant === undefined
            ? `Write \${${name}} where it is meant: in a path, an image, the version or the architecture.`
            : `Did you mean ${quote(meant)}?`;
        return [{ code: 'INPUT_INVALID', message: `the build argument ${quote(name)} is not used`, hint }];
      }),
  };
}

function adviseOn(name: string, known: ReadonlyMap<string, string>): string {
  const meant = nearest(name, [...known.keys(), ...platformNames]);
  if (meant !== undefined) return `Did you mean ${quote(meant)}?`;
  return `Give it one with --build-arg ${name}=value (the input "build-args"), or write \\$ for a dollar sign.`;
}
