// Scopes: what a token is requested for (distribution's token specification, "Requesting a Token").

/** Such as `repository:library/redis:pull,push`. */
export type Scope = string;

export function pullScope(repository: string): Scope {
  return `repository:${repository}:pull`;
}

/** Reading and writing at once, so that the first look doesn't bring a token that can't push. */
export function pushScope(repository: string): Scope {
  return `repository:${repository}:pull,push`;
}

export function deleteScope(repository: string): Scope {
  return `repository:${repository}:pull,push,delete`;
}

/** Our scopes first, since some registries read only one; then those of a challenge for anything else. */
export function withChallenged(own: readonly Scope[], challenged: string | undefined): readonly Scope[] {
  const resources = new Set(own.map(resourceOf));
  const others = (challenged ?? '')
    .split(' ')
    .filter((scope) => scope !== '' && !resources.has(resourceOf(scope)));
  return [...own, ...new Set(others)];
}

function resourceOf(scope: Scope): string {
  return scope.slice(0, Math.max(scope.lastIndexOf(':'), 0));
}
