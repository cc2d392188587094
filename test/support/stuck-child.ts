// A process of one of the shells whose work never ends: `node stuck-child.ts cli|action`.

const never = () => new Promise<never>(() => undefined);

if (process.argv[2] === 'cli') (await import('../../src/cli/process.ts')).runProcess(never);
else (await import('../../src/action/step.ts')).runStep(never);
