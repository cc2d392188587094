// A process of one of the shells whose work never ends, or whose failure can't be reported:
// `node stuck-child.ts cli|action|post|unreportable|unreportable-later`.

const never = () => new Promise<never>(() => undefined);

/** An error that nobody can read. */
function unreadable(): Error {
  return Object.defineProperty(new Error('lost'), 'stack', {
    get() {
      throw unreadable();
    },
  });
}

const [, , kind] = process.argv;
if (kind === 'cli') (await import('../../src/cli/process.ts')).runProcess(never);
else if (kind === 'post') (await import('../../src/action/post-step.ts')).runPostStep(never);
else {
  const { runStep } = await import('../../src/action/step.ts');
  runStep(() => {
    if (kind === 'unreportable') return Promise.reject(unreadable());
    if (kind === 'unreportable-later') {
      setTimeout(() => {
        throw unreadable();
      });
    }
    return never();
  });
}
