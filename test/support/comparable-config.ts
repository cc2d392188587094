// The config of an image in a form in which those of several builders are the same.

const fields = [
  ...['Entrypoint', 'Cmd', 'author', 'User', 'ExposedPorts', 'Volumes', 'StopSignal', 'Shell'],
  ...['Healthcheck', 'OnBuild'],
];

/**
 * Others set PATH, and BuildKit the root as the working directory, where nobody does; buildah signs with a label; fields
 * that are empty may be there or not.
 */
export function comparableConfig({
  Env,
  Labels,
  WorkingDir,
  ...others
}: Record<string, unknown>): Record<string, unknown> {
  const labels = { ...(Labels as Record<string, string>) };
  delete labels['io.buildah.version'];
  return {
    Env: ((Env ?? []) as string[]).filter((line) => !line.startsWith('PATH=')),
    Labels: labels,
    WorkingDir: WorkingDir === undefined || WorkingDir === '' ? '/' : WorkingDir,
    ...Object.fromEntries(fields.map((field) => [field, isEmpty(others[field]) ? '' : others[field]])),
  };
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
